// The corners of a boundary, clicked on a drawing of the ground: each click is a line in the list, which is what is sent.
// Without this script the list is typed. What the list holds is drawn as it stands, with its area.

/** Square metres of a mu. */
const MU = 2_000 / 3;
const SVG = "http://www.w3.org/2000/svg";

type Point = [number, number];

const form = document.querySelector<HTMLFormElement>("form[data-corners]");
const chart = form?.querySelector<HTMLElement>("[data-chart]");
const drawing = chart?.querySelector("svg");
if (form && chart && drawing) start(form, chart, drawing);

function start(form: HTMLFormElement, chart: HTMLElement, drawing: SVGSVGElement): void {
  const list = form.querySelector<HTMLTextAreaElement>("textarea")!;
  const datum = form.querySelector<HTMLInputElement>("input[name=datum]")!;
  const told = chart.querySelector<HTMLElement>("[data-area]")!;
  const number = (name: string): number => Number(chart.dataset[name]);
  const [lon, lat, scale, east, north] = ["lon", "lat", "scale", "east", "north"].map(number);
  const { width, height } = drawing.viewBox.baseVal;

  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("class", "drawn");
  const dots = document.createElementNS(SVG, "g");
  drawing.append(shape, dots);
  chart.querySelector<HTMLElement>("[data-drawing]")!.hidden = false;

  /** What is drawn is drawn on WGS-84; corners on another datum are not. */
  const isOurs = (): boolean => /^\s*$|wgs|cgcs|国家\s*2000|4326|4490/i.test(datum.value);
  const corners = (): Point[] =>
    list.value
      .split("\n")
      .map((line) => line.split(/[,\uff0c;\uff1b\u3001\s]+/).filter((part) => part !== "").map(Number))
      .filter((pair): pair is Point => pair.length === 2 && pair.every(Number.isFinite));

  function show(): void {
    const all = isOurs() ? corners() : [];
    const metres = all.map(([x, y]): Point => [(x - lon) * east, (y - lat) * north]);
    const places = metres.map(([x, y]): Point => [width / 2 + x * scale, height / 2 - y * scale]);
    const path = places.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    shape.setAttribute("d", path === "" ? "" : `${path}Z`);
    dots.replaceChildren(
      ...places.map(([x, y]) => {
        const dot = document.createElementNS(SVG, "circle");
        dot.setAttribute("class", "corner");
        dot.setAttribute("cx", x.toFixed(1));
        dot.setAttribute("cy", y.toFixed(1));
        dot.setAttribute("r", "4");
        return dot;
      }),
    );
    let twice = 0;
    metres.forEach(([x, y], at) => {
      const [nextX, nextY] = metres[(at + 1) % metres.length];
      twice += x * nextY - nextX * y;
    });
    told.hidden = metres.length < 3;
    told.textContent = form.dataset.mu!.replace("{}", (Math.abs(twice) / 2 / MU).toFixed(2));
  }

  function button(label: string, act: () => void): HTMLButtonElement {
    const one = document.createElement("button");
    one.type = "button";
    one.className = "btn";
    one.textContent = label;
    one.addEventListener("click", () => {
      act();
      show();
    });
    return one;
  }

  const acts = document.createElement("p");
  acts.className = "acts";
  acts.append(
    button(form.dataset.undo!, () => {
      list.value = list.value.trimEnd().split("\n").slice(0, -1).map((line) => `${line}\n`).join("");
    }),
    button(form.dataset.clear!, () => {
      list.value = "";
    }),
  );
  chart.append(acts);

  drawing.addEventListener("click", (event) => {
    if (!isOurs()) return;
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width - width / 2;
    const y = height / 2 - ((event.clientY - box.top) / box.height) * height;
    const corner = `${(lon + x / scale / east).toFixed(6)}, ${(lat + y / scale / north).toFixed(6)}`;
    list.value = `${list.value.trimEnd()}\n${corner}\n`.trimStart();
    show();
  });
  list.addEventListener("input", show);
  datum.addEventListener("input", show);
  show();
}
