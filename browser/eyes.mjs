// A browser, the people of a demonstration signed in with it, and what is looked for on every page that they open.
//
//   node FILE.mjs http://127.0.0.1:8099 DIR [FOLDER FOR SCREENSHOTS [FOLDER FOR PACKAGES]]
//
// DIR is the folder of the demonstration, with `accounts.json` and `pages.txt`. Chromium is that of the system, or what
// CHROMIUM names.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

import { code } from "./code.mjs";

export const [, , base, dir, shots, packages] = process.argv;
const accounts = JSON.parse(readFileSync(`${dir}/accounts.json`, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const executablePath = process.env.CHROMIUM ?? found;
if (shots) mkdirSync(shots, { recursive: true });
if (packages) mkdirSync(packages, { recursive: true });

export const SIZES = [
  ["phone", 390, 844],
  ["desk", 1280, 800],
];

/** What was found wrong, as sentences. */
export const problems = [];

export const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
});

/** A browser of somebody's own. */
export async function visitor(who, language, { at = base, ...options } = {}) {
  const context = await browser.newContext({ locale: language, ...options });
  context.setDefaultTimeout(15_000);
  context.on("request", (request) => {
    if (!request.url().startsWith(at)) problems.push(`${who}: asked of another host: ${request.url()}`);
  });
  context.on("weberror", (error) => problems.push(`${who}: ${error.error().message}`));
  return context.newPage();
}

/** Reads in that language from now on. */
export async function reads(page, language) {
  const wanted = language.startsWith("zh") ? "zh-CN" : "en";
  if ((await page.getAttribute("html", "lang")) !== wanted) {
    await page.click('form[action="/language"] button');
    await page.waitForLoadState();
  }
  assert.equal(await page.getAttribute("html", "lang"), wanted);
}

/** By who and where: the session that they have already. */
const sessions = new Map();

/** Somebody at work: a browser in which they are signed in; by a session of its own where it is to be `fresh`. */
export async function person(login, language, { at = base, fresh = false, ...options } = {}) {
  const known = fresh ? undefined : sessions.get(`${login} ${at}`);
  const page = await visitor(login, language, { at, storageState: known, ...options });
  if (known) {
    await page.goto(`${at}/account`);
    if (await page.$("nav.rail")) {
      await reads(page, language);
      return page;
    }
  }
  const account = accounts.find((one) => one.login === login);
  // A recovery code each time: a six-digit code counts once in half a minute.
  const spent = (account.spent ??= 0);
  account.spent += 1;
  await page.goto(`${at}/sign-in`);
  await page.fill("#login", login);
  await page.fill("#password", account.password);
  await page.fill("#code", account.recovery[spent] ?? code(account.secret));
  await page.click("main button.main");
  assert.ok(!page.url().includes("sign-in"), `${login} is not signed in: ${await page.textContent("main")}`);
  await reads(page, language);
  if (!fresh) sessions.set(`${login} ${at}`, { cookies: await page.context().cookies(), origins: [] });
  return page;
}

/** What axe-core finds on the page as it stands: nothing moderate, serious or critical. */
async function accessible(page, name) {
  const client = await page.context().newCDPSession(page);
  // Evaluated by the debugger, which the page's content policy does not concern.
  await client.send("Runtime.evaluate", { expression: axe });
  const { result } = await client.send("Runtime.evaluate", {
    expression:
      "axe.run().then((all) => all.violations.filter((one) => ['serious', 'critical', 'moderate'].includes(one.impact)).map((one) => `${one.impact} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target).join(' | ')}`))",
    awaitPromise: true,
    returnByValue: true,
  });
  // No list is no answer, and no answer is not "nothing found".
  assert.ok(Array.isArray(result.value), `axe-core did not answer on ${name}`);
  for (const violation of result.value) problems.push(`${name}: ${violation}`);
  await client.detach();
}

/** Nothing of the page is reached only by scrolling it sideways. */
export async function fits(page, name) {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  if (sideways) problems.push(`${name} scrolls sideways`);
}

/** Looks at the page as it stands, on a phone and on a desk. */
export async function look(page, name, sizes = SIZES) {
  for (const [size, width, height] of sizes) {
    await page.setViewportSize({ width, height });
    if (shots) await page.screenshot({ path: `${shots}/${name}-${size}.png` });
    await fits(page, `${name} (${size})`);
    await accessible(page, `${name} (${size})`);
  }
}

/** The address of the page without the host. */
export const path = (page) => new URL(page.url()).pathname;
