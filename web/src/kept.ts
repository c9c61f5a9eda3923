// What was typed into a form and is not at the server yet, on this device: with the editions that it was typed over, so
// that nobody's change made meanwhile is overwritten unseen.

export type Editions = Record<string, number>;

export interface Kept {
  values: Record<string, string>;
  editions: Editions;
}

/** Keeps it under the key of a page; where there is nothing, nothing is kept. */
export function keep(key: string, kept: Kept): void {
  if (Object.keys(kept.values).length) localStorage.setItem(key, JSON.stringify(kept));
  else localStorage.removeItem(key);
}

/** What is kept of a page. */
export function kept(key: string): Kept | undefined {
  const text = localStorage.getItem(key);
  if (!text) return undefined;
  const read = JSON.parse(text) as Kept | Record<string, string>;
  // As an earlier version of this script kept it: values alone.
  return "values" in read && typeof read.values === "object" ? (read as Kept) : { values: read as Record<string, string>, editions: {} };
}
