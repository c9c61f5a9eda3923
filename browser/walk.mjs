// Every page that the server has, opened by somebody who has something to see there: by the server's own list, so that a
// page that nobody opens fails. In Chinese by day and in English by night, on the narrowest phone, a tablet and a desk.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { base, dir, fits, look, person, problems, reads, visitor } from "./eyes.mjs";

const NARROW = [["narrow", 360, 740]];
const DESK = [["desk", 1280, 800]];

/** The first address on `from` that `pattern` names. */
const linked = (from, pattern) => async (page) => {
  await page.goto(`${base}${from}`);
  const all = await page.$$eval("a[href], img[src]", (all) => all.map((one) => one.getAttribute("href") ?? one.getAttribute("src")));
  const found = all.find((one) => pattern.test(one));
  assert.ok(found, `${from} links to no ${pattern}`);
  return found;
};
const here = (address) => async () => address;
const PROJECT = /^\/supervise\/projects\/[0-9a-f-]{36}$/;
/** Something below the first project that somebody sees. */
const below = (rest) => async (page) => `${await linked("/supervise/projects", PROJECT)(page)}${rest}`;
/** The project on a doubt about photos: it has some. */
const pictured = (rest) => async (page) => {
  await page.goto(`${base}/supervise/desk?rule=K19`);
  const flags = await page.$$eval('a[href^="/supervise/flags/"]', (all) => [...new Set(all.map((one) => one.getAttribute("href")))]);
  for (const flag of flags) {
    await page.goto(`${base}${flag}`);
    const image = await page.$eval("img[src*='/evidence/']", (one) => one.getAttribute("src")).catch(() => null);
    if (image) return rest ? image : image.replace(/\/preview$/, "");
  }
  assert.fail("no doubt shows a picture");
};
/** The link of an invitation that was just made. */
async function invited(page) {
  await page.goto(`${base}/people`);
  await page.fill("#new-name", "巫游");
  await page.fill("#new-login", `walker${Date.now()}`);
  await page.fill("#new-place", "990121100");
  await page.click('form[action="/people"] button');
  return new URL((await page.textContent(".told code")).trim(), base).pathname;
}
/** The report of a file that changes nothing: the county's own. */
async function uploaded(page) {
  const file = await page.context().request.get(`${base}/supervise/export/file?kind=oc4ids`, { timeout: 120_000 });
  await page.goto(`${base}/supervise/import`);
  const buffer = await file.body();
  await page.setInputFiles("#file", { name: "walk.json", mimeType: "application/json", buffer });
  await page.click("main button.main");
  await page.waitForSelector("[data-import]", { state: "detached", timeout: 120_000 });
  return new URL(page.url()).pathname;
}

/** Pages: who opens them, and how they get there. */
const PAGES = {
  "/sign-in": [
    ["", here("/sign-in?to=%2Fsupervise%2Fdesk")],
    ["", here("/sign-in")],
  ],
  "/invitation/{token}": [["", null]],
  "/account": [["clerk", here("/account")]],
  "/account/keys": [["officer", here("/account/keys")]],
  "/account/passkeys": [["officer", here("/account/passkeys")]],
  "/people": [["admin", here("/people")]],
  "/api": [["", here("/api")]],
  "/supervise/projects": [
    ["clerk", here("/supervise/projects")],
    ["auditor", here("/supervise/projects?text=nothing-of-that-name")],
  ],
  "/supervise/projects/new": [["clerk", here("/supervise/projects/new")]],
  "/supervise/projects/{id}": [
    ["clerk", below("")],
    ["reviewer", below("")],
    ["department", below("")],
    ["officer", below("")],
    ["auditor", below("")],
  ],
  "/supervise/projects/{id}/history/{item}": [["auditor", below("/history/approved_budget")]],
  "/supervise/projects/{id}/items/{category}": ["profile", "approval", "tendering", "construction", "disbursement", "acceptance", "upkeep"].map(
    (category) => ["clerk", below(`/items/${category}`)],
  ),
  "/supervise/projects/{id}/items/{category}/boundary": [["clerk", below("/items/construction/boundary")]],
  "/supervise/projects/{id}/items/{category}/files/{item}": [["clerk", below("/items/construction/files/site_photos")]],
  "/supervise/projects/{id}/removed": [["manager", below("/removed")]],
  "/supervise/questions": [
    ["clerk", here("/supervise/questions")],
    ["manager", here("/supervise/questions")],
  ],
  "/supervise/desk": [
    ["officer", here("/supervise/desk")],
    ["officer2", here("/supervise/desk?rule=K04&severity=high")],
    ["auditor", here("/supervise/desk")],
  ],
  "/supervise/flags/{id}": [
    ["officer", linked("/supervise/desk", /^\/supervise\/flags\//)],
    ["manager", linked("/supervise/desk", /^\/supervise\/flags\//)],
  ],
  "/supervise/cases": [["officer", here("/supervise/cases")]],
  "/supervise/cases/{id}": [
    ["officer", linked("/supervise/cases", /^\/supervise\/cases\//)],
    ["auditor", linked("/supervise/cases", /^\/supervise\/cases\//)],
  ],
  // By now somebody has opened something.
  "/readings": [["auditor", here("/readings")]],
  "/supervise/rules": [["manager", here("/supervise/rules")]],
  "/supervise/rules/{rule}": [["manager", here("/supervise/rules/K29")]],
  "/supervise/registers": [
    ["manager", here("/supervise/registers")],
    ["admin", here("/supervise/registers")],
  ],
  "/supervise/declaration": [["admin", here("/supervise/declaration")]],
  "/supervise/import": [["manager", here("/supervise/import")]],
  "/supervise/import/{id}": [["manager", uploaded]],
  "/supervise/export": [["manager", here("/supervise/export")]],
  "/supervise/numbers": [
    ["manager", here("/supervise/numbers")],
    ["auditor", here("/supervise/numbers")],
  ],
};

/** What is opened and is no page: who asks, where, and what comes. */
const FILES = {
  "/healthz": ["", here("/healthz"), /^text\/plain/],
  "/readyz": ["", here("/readyz"), /^text\/plain/],
  "/api/openapi.json": ["", here("/api/openapi.json"), /^application\/json/],
  "/assets/{*name}": ["", async (page) => {
    await page.goto(`${base}/sign-in`);
    return page.$eval("link[rel=stylesheet]", (one) => one.getAttribute("href"));
  }, /^text\/css/],
  "/supervise/export/file": ["manager", here("/supervise/export/file?kind=csv"), /^(text\/csv|application\/zip)/],
  "/supervise/projects/{id}/evidence/{file}": ["officer", pictured(false), /^image\//],
  "/supervise/projects/{id}/evidence/{file}/preview": ["officer", pictured(true), /^image\//],
};

/** Streams, which never end, and what leads elsewhere: the stories use them. */
const STREAMS = ["/supervise/events", "/supervise/import/{id}/progress"];

/** Whether an address is one of a path with named parts. */
const isOf = (pattern, address) =>
  new RegExp(`^${pattern.replace(/\{\*\w+\}/g, ".+").replace(/\{\w+\}/g, "[^/]+")}$`).test(address.split("?")[0]);

export async function walk() {
  const all = readFileSync(`${dir}/pages.txt`, "utf8").trim().split("\n");
  const own = all.filter((one) => !one.startsWith("/api/") || one === "/api/openapi.json");
  const known = [...Object.keys(PAGES), ...Object.keys(FILES), ...STREAMS, "/"];
  for (const one of own) if (!known.includes(one)) problems.push(`nobody opens ${one}`);
  for (const one of known) if (!own.includes(one)) problems.push(`${one} is opened, and there is no such page`);

  const people = {};
  const as = async (login) => (people[login] ??= login ? await person(login, "zh-CN") : await visitor("nobody", "zh-CN"));
  PAGES["/invitation/{token}"][0][1] = here(await invited(await as("admin")));
  let at = "";
  const watched = new Set();
  for (const [language, colorScheme] of [["zh-CN", "light"], ["en", "dark"]]) {
    for (const [pattern, visits] of Object.entries(PAGES)) {
      for (const [number, [login, find]] of visits.entries()) {
        const page = await as(login);
        if (!watched.has(page)) {
          watched.add(page);
          page.on("console", (line) => line.type() === "error" && problems.push(`${at}: ${line.text()}`));
        }
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.emulateMedia({ colorScheme });
        const address = await find(page);
        assert.ok(isOf(pattern, address), `${address} is no ${pattern}`);
        at = `walk-${pattern.replaceAll(/[^\w]+/g, "-").slice(1)}-${number}-${login || "nobody"}-${language}`;
        const answer = await page.goto(`${base}${address}`);
        if (answer.status() !== 200) problems.push(`${at}: ${answer.status()}`);
        await reads(page, language);
        if (page.url() !== `${base}${address}`) problems.push(`${at} ends at ${page.url()}`);
        if (!(await page.$("main h1"))) problems.push(`${at} has no heading`);
        await look(page, at, [...NARROW, ...DESK]);
        await page.setViewportSize({ width: 768, height: 1024 });
        await fits(page, `${at} (tablet)`);
      }
    }
  }
  // Everybody begins where their work is.
  for (const login of ["clerk", "reviewer", "department", "officer", "manager", "auditor", "admin"]) {
    const page = await as(login);
    const answer = await page.goto(`${base}/`);
    if (answer.status() !== 200 || new URL(page.url()).pathname === "/") problems.push(`${login} begins nowhere`);
  }
  for (const [pattern, [login, find, type]] of Object.entries(FILES)) {
    const page = await as(login);
    const address = await find(page);
    assert.ok(isOf(pattern, address), `${address} is no ${pattern}`);
    const answer = await page.context().request.get(new URL(address, base).href);
    const kind = answer.headers()["content-type"] ?? "";
    if (answer.status() !== 200 || !type.test(kind)) problems.push(`${pattern}: ${answer.status()} ${kind}`);
  }
  for (const page of Object.values(people)) await page.context().close();
  console.log(`${own.length} addresses: walked`);
}
