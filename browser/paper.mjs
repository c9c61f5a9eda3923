// On paper: pages as they are printed on A4. Nothing is cut off at the edge, doubt is told by a bar as well as by its
// colour, what is pressed on a screen is not there, and rows that are folded away on a screen are.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { base, person, problems, shots } from "./eyes.mjs";

/** What of a page lies beyond the edge of the paper, and what of it should not be there. Runs in the page. */
function onPaper() {
  const wide = [...document.querySelectorAll("main *")].filter((one) => {
    const box = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    return box.width > 1 && style.visibility !== "hidden" && one.checkVisibility() && box.right > document.documentElement.clientWidth + 1;
  });
  const pressed = [...document.querySelectorAll("nav.rail, .btn, .plain, .skip, .filters, .bar")].filter((one) => one.checkVisibility());
  const bar = (one) => parseFloat(getComputedStyle(one).borderLeftWidth);
  const bare = [...document.querySelectorAll(".item.doubt, .item-form.doubt")].filter((one) => bar(one) < 3);
  const ink = getComputedStyle(document.body);
  const told = (all) => all.slice(0, 3).map((one) => `${one.tagName.toLowerCase()}.${one.className}`);
  return { wide: told(wide), pressed: told(pressed), bare: told(bare), ink: ink.color, paper: ink.backgroundColor };
}

export async function isPrinted(language) {
  const first = (from, start, length = 0) => async (page) => {
    await page.goto(`${base}${from}`);
    return page.$$eval("a[href]", (all, [start, length]) => all.map((one) => one.getAttribute("href")).find((one) => one.startsWith(start) && one.length > length), [start, length]);
  };
  const project = first("/supervise/projects", "/supervise/projects/", 50);
  // Those with wide tables lie across.
  const [upright, across] = [718, 1032];
  const pages = {
    clerk: [["filing", async (page) => `${await project(page)}/items/disbursement`, across]],
    officer: [
      ["project", first("/supervise/desk", "/supervise/projects/", 50), upright],
      ["queue", async () => "/supervise/desk", across],
      ["flag", first("/supervise/desk", "/supervise/flags/"), upright],
      ["case", first("/supervise/cases", "/supervise/cases/"), upright],
    ],
    manager: [["numbers", async () => "/supervise/numbers", upright]],
  };
  for (const [login, all] of Object.entries(pages)) {
    const page = await person(login, language);
    for (const [name, find, width] of all) {
      await page.emulateMedia({ media: "screen", colorScheme: "dark" });
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${base}${await find(page)}`);
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const seen = await page.evaluate(onPaper);
      const told = `${name}-${language} on paper`;
      if (seen.wide.length) problems.push(`${told} is cut off at the edge: ${seen.wide}`);
      if (seen.pressed.length) problems.push(`${told} has what is pressed: ${seen.pressed}`);
      if (seen.bare.length) problems.push(`${told} has doubt without a bar: ${seen.bare}`);
      assert.deepEqual([seen.ink, seen.paper], ["rgb(0, 0, 0)", "rgb(255, 255, 255)"], told);
      if (name === "project") {
        const folded = await page.$$eval(".item details table", (all) => all.filter((one) => !one.checkVisibility({ contentVisibilityAuto: true })).length);
        assert.equal(folded, 0, "rows of an item are not printed");
      }
      if (shots) writeFileSync(`${shots}/${name}-${language}.pdf`, await page.pdf({ preferCSSPageSize: true, format: "A4" }));
    }
    await page.context().close();
  }
}
