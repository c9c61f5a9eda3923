// A category's form is saved as one goes: what is typed is sent when a field is left, and kept on this device until the
// server has it. Without this script the same form is saved by its buttons.

import { Editions, Kept, keep as keepHere, kept as keptHere } from "./kept";
import { renew } from "./present";

interface Saved {
  saved: string;
  editions: Editions;
  rows: [string, number, number][];
  marks: [string, string, string][];
  items: Record<string, string[]>;
  tabs: [string, string, boolean][];
}

interface Conflict {
  detail?: string;
  items?: { item: string; edition: number; who: string; cells: [string, string][] }[];
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** How long a page that was just looked up is taken to show what stands, in milliseconds. */
const FRESH = 3_000;

/** How long after a connection was lost it is tried again, in milliseconds. */
const AGAIN = 5_000;

/** Where the key of what a button has sent stands until a page tells that it was saved. */
const SENT = "filing-sent";

const sent = sessionStorage.getItem(SENT);
if (sent && document.querySelector(".flash:not([hidden])")) {
  localStorage.removeItem(sent);
  sessionStorage.removeItem(SENT);
}

const form = document.querySelector<HTMLFormElement>("form[data-save]");
if (form) start(form);

function start(form: HTMLFormElement): void {
  const state = form.querySelector<HTMLElement>("[data-state]")!;
  // Whoever signs in next on this device sends nothing that somebody else typed.
  const key = `filing:${form.dataset.by}:${location.pathname}`;
  const changed = new Set<string>();
  let sending = false;
  let signedOut = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (text: string, wait = false): void => {
    state.textContent = text;
    state.classList.toggle("wait", wait);
  };
  const fields = (): Field[] =>
    [...form.elements].filter((one): one is Field => "name" in one && /^[frdc]\./.test((one as Field).name));
  const named = (name: string): Field | undefined => fields().find((one) => one.name === name);
  const valueOf = (one: Field): string =>
    one instanceof HTMLInputElement && one.type === "checkbox" ? (one.checked ? "1" : "") : one.value;

  /** Numbers that no page shows are not kept here either. */
  const isHidden = (one: Field): boolean => one instanceof HTMLInputElement && one.placeholder !== "";
  const editions = (): HTMLInputElement[] =>
    [...form.elements].filter((one): one is HTMLInputElement => (one as Field).name?.startsWith("e."));
  const keep = (): void => {
    const kept: Kept = { values: {}, editions: {} };
    for (const name of changed) {
      const one = named(name);
      if (one && !isHidden(one)) kept.values[name] = valueOf(one);
    }
    for (const one of editions()) kept.editions[one.name] = Number(one.value);
    keepHere(key, kept);
  };

  const restore = (): void => {
    const kept = keptHere(key);
    if (!kept) return;
    for (const [name, value] of Object.entries(kept.values)) {
      const one = named(name);
      if (!one || valueOf(one) === value) continue;
      if (one instanceof HTMLInputElement && one.type === "checkbox") one.checked = value === "1";
      else one.value = value;
      changed.add(name);
    }
    // What was typed over an edition that is not the present one any more stays so: the server says that somebody else
    // was first, and the person chooses.
    for (const one of editions()) {
      const item = one.closest<HTMLElement>("[data-item]");
      const edition = kept.editions[one.name];
      if (item && edition !== undefined && isTouched(item)) one.value = String(edition);
    }
    // What the server has already need not be kept.
    keep();
    if (changed.size) {
      tell(form.dataset.restored!, true);
      void send();
    }
  };

  /** Whether something was typed in an item that the server does not have. An item whose cells stand in a list under
   *  another is touched where any cell of a list is. */
  function isTouched(item: HTMLElement): boolean {
    const own = [...changed].map(named).filter((one) => one && item.contains(one));
    const isElsewhere = !item.querySelector("[data-field]");
    return own.length > 0 || (isElsewhere && [...changed].some((name) => name.startsWith("r.") || name.startsWith("d.")));
  }

  let looked = Date.now();

  /** Looks whether somebody else changed the page that stands open, or that came out of the browser's memory. */
  async function look(): Promise<void> {
    if (sending || document.hidden || Date.now() - looked < FRESH) return;
    looked = Date.now();
    const found = await renew(form, isTouched, () => sending);
    if (found === "signed-out") tell(form.dataset.signedOut!, true);
    // Signed in again elsewhere meanwhile, and the form carries the new session's token by now.
    else if (signedOut && changed.size) void send();
    else if (found === "stale") tell(form.dataset.stale!, true);
    else if (found === "renewed") tell(form.dataset.renewed!);
  }

  const body = (): URLSearchParams => {
    const all = new URLSearchParams();
    for (const one of form.elements) {
      const { name } = one as Field;
      if (name === "form_token" || name?.startsWith("e.")) all.append(name, (one as Field).value);
      // What a person chooses between two is sent by its button alone.
      if (changed.has(name)) {
        const field = one as Field;
        if (field instanceof HTMLInputElement && field.type === "checkbox" && !field.checked) continue;
        all.append(name, field.value);
      }
    }
    return all;
  };

  async function send(): Promise<void> {
    if (sending || !changed.size) return;
    sending = true;
    clearTimeout(timer);
    const sent = new Map([...changed].map((name) => [name, named(name)] as const));
    const values = new Map([...sent].map(([name, one]) => [name, one ? valueOf(one) : ""]));
    tell(form.dataset.saving!);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        headers: { accept: "application/json" },
        body: body(),
      });
      signedOut = response.status === 401;
      if (response.ok) {
        const saved: Saved = await response.json();
        for (const [name, value] of values) {
          const one = sent.get(name);
          if (!one || valueOf(one) === value) changed.delete(name);
        }
        show(saved);
        tell(`${form.dataset.saved!} ${saved.saved.slice(11)}`);
      } else if (response.status === 401) {
        tell(form.dataset.signedOut!, true);
      } else if (response.status === 503) {
        // Not taken for now: no room on the disk, or too many at once. It stays here until it is.
        const problem: Conflict = await response.json().catch(() => ({}));
        tell(problem.detail ?? form.dataset.offline!, true);
        timer = setTimeout(() => void send(), AGAIN);
      } else {
        conflict(await response.json().catch(() => ({})));
      }
    } catch {
      tell(form.dataset.offline!, true);
      timer = setTimeout(() => void send(), AGAIN);
    } finally {
      sending = false;
      keep();
    }
    // What was typed meanwhile.
    if (changed.size && !state.classList.contains("wait")) void send();
  }

  function show(saved: Saved): void {
    for (const [item, edition] of Object.entries(saved.editions)) {
      const one = form.elements.namedItem(`e.${item}`) as HTMLInputElement | null;
      if (one) one.value = String(edition);
    }
    for (const [list, asked, given] of saved.rows) renumber(list, asked, given);
    for (const place of form.querySelectorAll<HTMLElement>("[data-field]")) {
      place.classList.remove("doubt");
      place.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
      place.querySelector(".said")?.replaceChildren();
    }
    const told = new Set<string>();
    for (const [name, kind, text] of saved.marks) {
      const place = form.querySelector<HTMLElement>(`[data-field="${CSS.escape(name)}"]`);
      if (!place) continue;
      const one = place.querySelector<HTMLElement>("input, select, textarea");
      if (kind === "doubt") {
        place.classList.add("doubt");
        one?.setAttribute("aria-invalid", "true");
      }
      if (!text) continue;
      told.add(text);
      const said = place.querySelector<HTMLElement>(".said");
      said?.append(paragraph(kind, text));
      if (said?.id) one?.setAttribute("aria-describedby", said.id);
    }
    for (const item of form.querySelectorAll<HTMLElement>("[data-item]")) {
      const says = saved.items[item.dataset.item!] ?? [];
      const rest = says.filter((text) => !told.has(text));
      item.classList.toggle("doubt", rest.length > 0);
      item.querySelector(".says")?.replaceChildren(...rest.map((text) => paragraph("doubt", text)));
      item.querySelector(".conflict")?.remove();
    }
    for (const [key, text, doubtful] of saved.tabs) {
      const tab = document.querySelector<HTMLElement>(`[data-tab="${CSS.escape(key)}"]`);
      if (!tab) continue;
      tab.classList.toggle("doubt", doubtful);
      tab.classList.remove("todo");
      tab.querySelector("span")!.textContent = text;
    }
  }

  function paragraph(kind: string, text: string): HTMLElement {
    const one = document.createElement("p");
    one.className = kind;
    one.textContent = text;
    return one;
  }

  /** A row that was typed in has its number now. */
  function renumber(list: string, asked: number, given: number): void {
    const row = form.querySelector<HTMLElement>(`[data-list="${CSS.escape(list)}"] [data-row="${asked}"]`);
    if (!row) return;
    const from = `r.${list}.${asked}.`;
    const to = `r.${list}.${given}.`;
    row.dataset.row = String(given);
    row.classList.remove("spare");
    for (const one of row.querySelectorAll<HTMLElement>(`[name^="${CSS.escape(from)}"], [id^="${CSS.escape(from)}"], [data-field]`)) {
      for (const attribute of ["name", "id", "data-field", "aria-describedby"]) {
        const value = one.getAttribute(attribute);
        if (value?.startsWith(from)) {
          const next = to + value.slice(from.length);
          if (attribute === "name" && changed.delete(value)) changed.add(next);
          one.setAttribute(attribute, next);
        }
      }
    }
  }

  function conflict(problem: Conflict): void {
    tell(`${form.dataset.refused!}: ${problem.detail ?? ""}`, true);
    for (const one of problem.items ?? []) {
      const item = form.querySelector<HTMLElement>(`[data-item="${CSS.escape(one.item)}"] .says`);
      if (!item) continue;
      const lines = one.cells.map(([name, value]) => `${name}: ${value}`).join(" · ");
      item.replaceChildren(paragraph("note", `${one.who} — ${lines}`));
    }
  }

  form.addEventListener("input", (event) => {
    const one = event.target as Field;
    if (/^[frdc]\./.test(one.name)) {
      changed.add(one.name);
      keep();
    }
  });
  form.addEventListener("change", () => void send());
  // Kept until it is known to be saved: a button pressed without a connection leads to no page of ours.
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, key));
  addEventListener("online", () => void send());
  addEventListener("focus", () => void look());
  document.addEventListener("visibilitychange", () => void look());
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    looked = 0;
    void look();
  });
  restore();
}

// Nothing that was typed stays behind on a device that somebody signs out of.
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => {
  for (const key of Object.keys(localStorage)) if (key.startsWith("filing:")) localStorage.removeItem(key);
});
