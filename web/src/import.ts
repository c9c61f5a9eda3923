// How far a file is, as it happens. Without a script the page asks again by itself; here it is told, and does not.

const told = document.querySelector<HTMLElement>("[data-import]");
if (told) follow(told);

function follow(told: HTMLElement): void {
  const here = new URL(location.href);
  if (!here.searchParams.has("live")) {
    here.searchParams.set("live", "1");
    location.replace(here);
    return;
  }
  const says = told.querySelector<HTMLElement>("[data-says]");
  const bar = told.querySelector("progress");
  const source = new EventSource(told.dataset.import ?? "");
  source.addEventListener("progress", (event) => {
    const now = JSON.parse((event as MessageEvent<string>).data) as { says: string; done: number; of: number };
    if (says) says.textContent = now.says;
    if (!bar) return;
    if (now.of > 0) {
      bar.max = now.of;
      bar.value = now.done;
    } else {
      bar.removeAttribute("value");
    }
  });
  source.addEventListener("done", () => {
    source.close();
    here.searchParams.delete("live");
    location.replace(here);
  });
  // A page that is left lets its place go.
  addEventListener("pagehide", () => source.close());
}
