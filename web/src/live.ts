// The count beside "doubts" as it stands, and a quiet line on the desk when there is something new.

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
  // A page that is left lets its place go.
  addEventListener("pagehide", () => source.close());
}
