// Brings a form that stands open up to what stands at the server by now: items that somebody else changed are shown as
// they are, those in which something was typed meanwhile stay, and it is said that they are stale.

/** What was found: nothing new, items that were renewed, items that stay although they are stale. */
export type Found = "present" | "renewed" | "stale" | "signed-out" | "unknown";

export async function renew(
  form: HTMLFormElement,
  isTouched: (item: HTMLElement) => boolean,
  isBusy: () => boolean,
): Promise<Found> {
  let response: Response;
  try {
    response = await fetch(location.pathname, { headers: { accept: "text/html" }, cache: "no-store" });
  } catch {
    return "unknown";
  }
  if (response.status === 401) return "signed-out";
  if (!response.ok) return "unknown";
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const present = page.querySelector<HTMLFormElement>("form[data-save]");
  // What is being sent comes back with its own editions.
  if (!present || isBusy()) return "unknown";
  // Signed in again elsewhere, forms carry another token.
  const token = present.querySelector<HTMLInputElement>("[name=form_token]")?.value;
  for (const one of document.querySelectorAll<HTMLInputElement>("[name=form_token]")) if (token) one.value = token;
  let found: Found = "present";
  for (const item of form.querySelectorAll<HTMLElement>("[data-item]")) {
    const theirs = present.querySelector<HTMLElement>(`[data-item="${CSS.escape(item.dataset.item!)}"]`);
    if (!theirs || editionOf(theirs) === editionOf(item)) continue;
    if (isTouched(item)) {
      // Its edition stays as it is: saving it says who was first, and the person chooses.
      const note = document.createElement("p");
      note.className = "note";
      note.textContent = theirs.querySelector(":scope > .hint")?.textContent ?? "";
      item.querySelector(".says")?.replaceChildren(note);
      found = "stale";
      continue;
    }
    const active = document.activeElement?.id;
    item.replaceWith(document.adoptNode(theirs));
    if (active) document.getElementById(active)?.focus();
    if (found === "present") found = "renewed";
  }
  const now = present.ownerDocument.querySelector<HTMLInputElement>("form[data-submit] [name=edition]")?.value;
  const submitted = document.querySelector<HTMLInputElement>("form[data-submit] [name=edition]");
  // A category is submitted as it is shown.
  if (submitted && now && found !== "stale") submitted.value = now;
  return found;
}

function editionOf(item: HTMLElement): string | undefined {
  return item.querySelector<HTMLInputElement>(":scope > [name^='e.']")?.value;
}
