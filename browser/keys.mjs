// By keys alone: every page is gone through with Tab, and a project is filed without a mouse. What has the focus is seen,
// is in the order of the page, and lies under nothing else.
import assert from "node:assert/strict";
import { base, path, person, problems } from "./eyes.mjs";

/** What has the focus now: its place among all that can have it, and how it looks. Runs in the page. */
function focused() {
  const of = document.activeElement;
  if (!of || of === document.body) return null;
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  const style = getComputedStyle(of);
  const box = of.getBoundingClientRect();
  // A point of it that is within the window: what is seen there is the element itself.
  const [x, y] = [(Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2];
  const at = document.elementFromPoint(x, y);
  const isSeen = !!at && (at === of || of.contains(at) || at.contains(of) || at.closest("label")?.control === of);
  return {
    place: all.indexOf(of),
    name: `${of.tagName.toLowerCase()}${of.id ? `#${of.id}` : ""}${of.getAttribute("name") ? `[${of.getAttribute("name")}]` : ""} "${(of.textContent ?? "").trim().slice(0, 20)}"`,
    isOutlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    isSeen,
    date: of.matches("input[type=date], input[type=file]"),
  };
}

/** Goes through the page with Tab. */
async function tabsThrough(page, name) {
  await page.evaluate(() => (document.activeElement instanceof HTMLElement && document.activeElement.blur(), scrollTo(0, 0)));
  let before = -1;
  let first = "";
  let count = 0;
  for (let step = 0; step < 400; step += 1) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(focused);
    if (!now) break;
    // Round the page once.
    if (before >= 0 && now.place === 0) break;
    // The parts of a date, and its calendar, are stops of their own.
    if (now.place === before && now.date) continue;
    first ||= now.name;
    count += 1;
    if (!now.isOutlined) problems.push(`${name}: ${now.name} has the focus and does not show it`);
    if (!now.isSeen) problems.push(`${name}: ${now.name} has the focus and lies under something`);
    if (now.place <= before) problems.push(`${name}: ${now.name} comes out of order`);
    before = now.place;
  }
  assert.ok(first.startsWith("a"), `${name}: nothing has the focus`);
  assert.ok(count > 5, `${name}: ${count} stops`);
}

/** The pages that people work on, on a desk and on a phone. */
async function everyPage(language) {
  const project = async (page) => {
    await page.goto(`${base}/supervise/projects?newest=1`);
    return page.$$eval('a[href^="/supervise/projects/"]', (all) => all.map((one) => one.getAttribute("href")).find((one) => one.length > 50));
  };
  const first = (from, start) => async (page) => {
    await page.goto(`${base}${from}`);
    return page.$eval(`a[href^="${start}"]`, (one) => one.getAttribute("href"));
  };
  const pages = {
    clerk: [project, async (page) => `${await project(page)}/items/construction`, async () => "/supervise/projects/new"],
    officer: [async () => "/supervise/desk?rule=K19", first("/supervise/desk", "/supervise/flags/"), first("/supervise/cases", "/supervise/cases/")],
    manager: [async () => "/supervise/numbers", async () => "/supervise/import"],
  };
  for (const [login, all] of Object.entries(pages)) {
    const page = await person(login, language);
    for (const find of all) {
      const address = await find(page);
      for (const [width, height] of [[1280, 800], [390, 844]]) {
        await page.setViewportSize({ width, height });
        await page.goto(`${base}${address}`);
        await tabsThrough(page, `keys ${address} ${width} ${language}`);
      }
    }
    await page.context().close();
  }
}

/** A project is filed and a doubtful field seen and mended without a mouse. */
async function filesByKeys(language) {
  const page = await person("clerk", language);
  await page.goto(`${base}/supervise/projects`);
  // The first stop leads past the navigation.
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#main");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "/supervise/projects/new");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#code");
  await page.focus("#code");
  await page.keyboard.type(language === "en" ? "990121202692" : "990121202691");
  await page.keyboard.press("Tab");
  await page.keyboard.type("9101 kai");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/supervise\/projects\/[0-9a-f-]{36}$/);
  const project = path(page);
  await page.goto(`${base}${project}/items/profile`);
  await page.focus('[name="f.scale"]');
  const saved = () => page.waitForResponse((response) => response.request().method() === "POST" && response.ok());
  await Promise.all([saved(), page.keyboard.type("12").then(() => page.keyboard.press("Tab"))]);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("name")), "f.scale_unit");
  await page.goto(`${base}${project}`);
  assert.ok((await page.textContent("#item-scale")).includes("12"));
  await page.context().close();
}

export async function goesByKeys(language) {
  await everyPage(language);
  await filesByKeys(language);
}
