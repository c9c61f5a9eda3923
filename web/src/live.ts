// The count beside "doubts" as it stands, a quiet line on the desk when there is something new, and how far screening is.

const link = document.querySelector<HTMLAnchorElement>('.rail a[href="/supervise/desk"]');
if (link) listen(link);

function listen(link: HTMLAnchorElement): void {
  const line = document.querySelector<HTMLElement>("[data-live]");
  let before: number | undefined;
  const source = new EventSource("/supervise/events");
  source.addEventListener("doubts", (event) => {
    const count = Number((event as MessageEvent<string>).data);
    let shown = link.querySelector("span");
    if (!shown) {
      shown = document.createElement("span");
      link.append(shown);
    }
    shown.textContent = count > 0 ? String(count) : "";
    if (line && before !== undefined && count > before) line.hidden = false;
    before = Math.min(before ?? count, count);
  });
  const screening = document.querySelector<HTMLElement>("[data-screening]");
  source.addEventListener("screening", (event) => {
    if (!screening) return;
    const told = (event as MessageEvent<string>).data;
    screening.hidden = told === "over";
    const figures = screening.querySelector("span");
    // How many steps there are is not known at first.
    if (figures) figures.textContent = told === "over" || told.endsWith("/0") ? "" : told;
  });
  // A page that is left lets its place go.
  addEventListener("pagehide", () => source.close());
}
