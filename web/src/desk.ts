// Keys on the officer's desk: j and k go down and up, Enter opens, x chooses, 1 to 9 open one's own views, ? tells. Off
// while somebody types.

const queue = document.querySelector<HTMLTableElement>("table.queue");
if (queue) start(queue);

// A view may show an empty queue: its keys work there too.
const views = [...document.querySelectorAll<HTMLAnchorElement>("nav.views a")];
if (views.length > 0) {
  document.addEventListener("keydown", (event) => {
    if (typing(event) || !/^[1-9]$/.test(event.key)) return;
    views[Number(event.key) - 1]?.click();
  });
}

function typing(event: KeyboardEvent): boolean {
  const at = event.target as HTMLElement;
  const types = at.matches("textarea, select, input:not([type=checkbox])");
  return types || event.ctrlKey || event.metaKey || event.altKey;
}

function start(queue: HTMLTableElement): void {
  const rows = [...queue.tBodies[0].rows];
  let place = -1;
  const go = (to: number): void => {
    if (to < 0 || to >= rows.length) return;
    rows[place]?.classList.remove("now");
    place = to;
    rows[place].classList.add("now");
    rows[place].querySelector<HTMLAnchorElement>("a")?.focus();
  };
  // Whoever goes by Tab or by mouse is where they are.
  queue.addEventListener("focusin", (event) => {
    const row = (event.target as HTMLElement).closest("tr");
    const at = rows.indexOf(row as HTMLTableRowElement);
    if (at >= 0 && at !== place) {
      rows[place]?.classList.remove("now");
      place = at;
      rows[place].classList.add("now");
    }
  });
  document.addEventListener("keydown", (event) => {
    const at = event.target as HTMLElement;
    if (typing(event)) return;
    switch (event.key) {
      case "j":
        go(place + 1);
        break;
      case "k":
        go(place - 1);
        break;
      case "x":
        rows[place]?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
        break;
      case "Enter":
        if (!at.matches("a, button, summary")) rows[place]?.querySelector<HTMLAnchorElement>("a")?.click();
        break;
      case "?":
        document.querySelector<HTMLDetailsElement>("details[data-keys]")?.toggleAttribute("open");
        break;
      default:
        return;
    }
    if (event.key !== "Enter") event.preventDefault();
  });
}
