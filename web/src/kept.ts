// What was typed into a form and is not at the server yet, on this device: with the editions that it was typed over, so
// that nobody's change made meanwhile is overwritten unseen.

export type Editions = Record<string, number>;

export interface Kept {
  values: Record<string, string>;
  editions: Editions;
}

/** Keeps it under the key of a page; where there is nothing, nothing is kept. */
export function keep(key: string, kept: Kept): void {
  try {
    if (Object.keys(kept.values).length) localStorage.setItem(key, JSON.stringify(kept));
    else localStorage.removeItem(key);
  } catch {
    // The device has no room, or keeps nothing: the page still holds what was typed, and sends it.
  }
}

/** What is kept of a page. */
export function kept(key: string): Kept | undefined {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return isKept(read) ? read : undefined;
  } catch {
    // Something else wrote there: a page without it is better than none.
    return undefined;
  }
}

function isKept(read: unknown): read is Kept {
  const one = read as Partial<Kept> | null;
  return typeof one?.values === "object" && one.values !== null && typeof one.editions === "object" && one.editions !== null;
}
