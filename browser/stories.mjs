// The stories of clerk, reviewer, officers and manager in a real browser, against a demonstration that is running:
//
//   kandeng demo --projects 300 --port 8099 --dir DIR
//   node stories.mjs http://127.0.0.1:8099 DIR [FOLDER FOR SCREENSHOTS [FOLDER FOR PACKAGES]]
//
// Packages of OC4IDS that were taken out are kept in the second folder, for the standard's own checker.
//
// Every page is looked at on a phone and on a desk, in Chinese and in English: axe-core finds nothing, nothing scrolls
// sideways, nothing is asked of another host. In the end every page that the server has is opened, see `walk.mjs`.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { base, browser, dir, look, packages, path, person, problems, shots } from "./eyes.mjs";
import { goesByKeys } from "./keys.mjs";
import { comesToAnOutcome } from "./outcome.mjs";
import { isPrinted } from "./paper.mjs";
import { walk } from "./walk.mjs";

/** Pictures that a clerk adds. */
const pictures = ["pictures", "../crates/kandeng/src/demo/pictures"]
  .map((folder) => new URL(folder, import.meta.url).pathname)
  .find(existsSync);

async function files(language) {
  let page = await person("clerk", language);
  await page.goto(`${base}/supervise/projects`);
  await look(page, `projects-${language}`);
  await page.goto(`${base}/supervise/projects/new`);
  await look(page, `new-project-${language}`);
  const own = `99012120269${language === "zh-CN" ? "101" : "102"}`;
  await page.fill("#code", own);
  await page.fill("#name", `${own} 产业路`);
  await page.selectOption("#kind", "infrastructure");
  await page.selectOption("#village", { index: 1 });
  await page.click("main form button.main");
  const project = path(page);
  assert.match(project, /^\/supervise\/projects\/[0-9a-f-]{36}$/);
  await look(page, `project-${language}`);

  // Left, a field is saved; a doubtful one turns red with its reason, and is fine again once it is mended.
  await page.goto(`${base}${project}/items/approval`);
  const saved = () => page.waitForResponse((response) => response.request().method() === "POST" && response.ok());
  await Promise.all([saved(), page.fill('[name="f.approval_date"]', "2025-03-14").then(() => page.keyboard.press("Tab"))]);
  await page.goto(`${base}${project}/items/construction`);
  await Promise.all([saved(), page.fill('[name="f.start_date"]', "2025-01-02").then(() => page.keyboard.press("Tab"))]);
  await page.waitForSelector('.field.doubt[data-field="f.start_date"] p.doubt');
  await look(page, `category-doubt-${language}`);
  await Promise.all([saved(), page.fill('[name="f.start_date"]', "2025-04-20").then(() => page.keyboard.press("Tab"))]);
  await page.waitForSelector('.field:not(.doubt)[data-field="f.start_date"]');

  // A new row of a list gets its number, and is changed under it.
  await page.goto(`${base}${project}/items/disbursement`);
  await Promise.all([saved(), page.fill('[name="r.payments.1000000.amount"]', "12.5万").then(() => page.keyboard.press("Tab"))]);
  await page.waitForSelector('[name="r.payments.1.amount"]');
  await Promise.all([saved(), page.fill('[name="r.payments.1.amount"]', "13万").then(() => page.keyboard.press("Tab"))]);

  // The connection is lost in the middle and the page is closed: what was typed is kept, and sent when it is opened again.
  await page.goto(`${base}${project}/items/approval`);
  await page.context().setOffline(true);
  await page.fill('[name="f.approved_budget"]', "60万元");
  await page.keyboard.press("Tab");
  await page.waitForSelector("[data-state].wait");
  const context = page.context();
  await page.close();
  await context.setOffline(false);
  page = await context.newPage();
  await page.goto(`${base}${project}/items/approval`);
  await page.waitForFunction(() => document.querySelector('[name="f.approved_budget"]').value === "60万元");
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("filing:")));
  await page.goto(`${base}${project}/history/approved_budget`);
  assert.ok((await page.textContent("main")).includes(language === "zh-CN" ? "60.00 万元" : "¥600,000.00"));
  await look(page, `history-${language}`);
  await addsPhotos(page, project, language);
  await drawsBoundary(page, project, language);
  await page.goto(`${base}${project}/items/profile`);
  await page.click("form[data-submit] button");
  assert.equal(path(page), project);
  await page.goto(`${base}/supervise/questions`);
  await look(page, `questions-${language}`);
  await page.context().close();
  return project;
}

/** A photo is added from the form of its category, stands in the project, and is removed by one who does not need a mouse. */
async function addsPhotos(page, project, language) {
  await page.goto(`${base}${project}/items/construction`);
  await page.click('button[value="files-site_photos"]');
  assert.equal(path(page), `${project}/items/construction/files/site_photos`);
  await look(page, `photos-none-${language}`);
  await page.selectOption("#stage", "during");
  await page.setInputFiles("#file", ["track.jpg", "wood.jpg"].map((name) => `${pictures}/${name}`));
  await page.click("main form.small-form button.main");
  await page.waitForSelector(".flash");
  assert.equal(await page.locator(".pictures img").count(), 2);
  const drawn = () => page.$$eval(".pictures img", (all) => all.every((one) => one.complete && one.naturalWidth > 0));
  await page.waitForFunction(() => [...document.querySelectorAll(".pictures img")].every((one) => one.complete));
  assert.ok(await drawn(), "previews are not shown");
  await look(page, `photos-${language}`);
  // What is no photo is refused with its name, and nothing is kept.
  await page.selectOption("#stage", "during");
  await page.setInputFiles("#file", { name: "假.jpg", mimeType: "image/jpeg", buffer: Buffer.from("<script>x</script>") });
  await page.click("main form.small-form button.main");
  assert.ok((await page.textContent("[role=alert]")).includes("假.jpg"));
  await look(page, `photos-refused-${language}`);
  await page.goto(`${base}${project}`);
  assert.equal(await page.locator("#item-site_photos img").count(), 2);
  await look(page, `project-photos-${language}`);
  await page.goto(`${base}${project}/items/construction/files/site_photos`);
  await page.focus(".pictures li:last-child button");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".flash");
  assert.equal(await page.locator(".pictures img").count(), 1);
  // A paper is one of the project's files, and no picture.
  await page.goto(`${base}${project}/items/acceptance/files/acceptance_papers`);
  await page.setInputFiles("#file", { name: "验收.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7\n%%EOF\n") });
  await page.click("main form.small-form button.main");
  await page.waitForSelector(".paper a");
  await look(page, `papers-${language}`);
}

/** A boundary is listed, then corrected by clicks on the drawing with its area in sight, and saved by the ordinary form. */
async function drawsBoundary(page, project, language) {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${base}${project}/items/construction`);
  await page.click('button[value="boundary"]');
  assert.equal(path(page), `${project}/items/construction/boundary`);
  await look(page, `boundary-none-${language}`);
  await page.fill("#corners", "105.52, 32.28\n105.521, 32.28\n105.521, 32.281\n105.52, 32.281\n");
  await page.click("form[data-corners] button.main");
  assert.ok((await page.textContent("main .num")).includes("15.67"));
  await look(page, `boundary-read-${language}`);
  await page.setViewportSize({ width: 1280, height: 800 });
  const area = () => page.textContent("[data-area]");
  assert.ok((await area()).includes("15.67"), await area());
  const undo = page.locator("[data-chart] .acts button").first();
  await undo.click();
  assert.ok((await area()).includes("7.8"), await area());
  await page.locator("[data-chart] svg").click({ position: { x: 60, y: 60 } });
  assert.equal((await page.inputValue("#corners")).trim().split("\n").length, 4);
  const clicked = await area();
  await page.click("form[data-corners] button.main");
  const read = await page.textContent("main .num");
  assert.ok(Math.abs(parseFloat(read) - parseFloat(clicked)) < 0.02, `${clicked} drawn, ${read} read`);
  await page.click('form[action$="/items/construction"] button.main');
  await page.waitForSelector(".flash");
  assert.ok((await page.inputValue('[name="f.boundary"]')).includes("POLYGON"));
}

/** Photos that are nearly the same, side by side on the page of their doubt and of the project. */
async function comparesPhotos(page, language) {
  await page.goto(`${base}/supervise/desk?rule=K19&place=990121100`);
  const flags = await page.$$eval('a[href^="/supervise/flags/"]', (all) => [...new Set(all.map((one) => one.getAttribute("href")))]);
  for (const flag of flags) {
    await page.goto(`${base}${flag}`);
    if (await page.$(".alike img")) {
      await look(page, `alike-${language}`);
      if (shots) await page.screenshot({ path: `${shots}/alike-${language}-whole.png`, fullPage: true });
      await page.click('p.small a[href^="/supervise/projects/"]');
      assert.ok(await page.$(".alike img"), "the project does not show them");
      await look(page, `project-alike-${language}`);
      return;
    }
  }
  assert.fail("no doubt shows two pictures");
}

/** The same without JavaScript: saved by the button, and the red is there. */
async function filesWithoutScripts(project, language) {
  const page = await person("clerk", language, { javaScriptEnabled: false });
  await page.goto(`${base}${project}/items/construction`);
  await page.fill('[name="f.start_date"]', "2025-01-02");
  await page.click('.bar button[value="construction"]');
  assert.ok(await page.$('.field.doubt[data-field="f.start_date"] p.doubt'));
  await page.fill('[name="f.start_date"]', "2025-04-20");
  await page.click('.bar button[value="construction"]');
  assert.equal(await page.$('.field.doubt[data-field="f.start_date"]'), null);
  // What is typed is saved on the way to the photos, which are sent by the form alone.
  await page.fill('[name="f.start_date"]', "2025-04-21");
  await page.click('button[value="files-site_photos"]');
  const before = await page.locator(".pictures img").count();
  await page.selectOption("#stage", "after");
  await page.setInputFiles("#file", `${pictures}/lawn.jpg`);
  await page.click("main form.small-form button.main");
  assert.equal(await page.locator(".pictures img").count(), before + 1);
  await page.goto(`${base}${project}/items/construction`);
  assert.equal(await page.inputValue('[name="f.start_date"]'), "2025-04-21");
  // A boundary by its corners.
  await page.click('button[value="boundary"]');
  await page.fill("#corners", "105.52, 32.28\n105.521, 32.28\n105.521, 32.281\n");
  await page.click("form[data-corners] button.main");
  assert.ok((await page.textContent("main .num")).includes("7.8"));
  await page.click('form[action$="/items/construction"] button.main');
  assert.ok((await page.inputValue('[name="f.boundary"]')).includes("POLYGON"));
  await page.context().close();
}

/** A page that stands open, comes out of the browser's memory or was closed over something unsent, while somebody else
 *  changed the same: it shows what stands by now or says that it is stale, and nothing is overwritten unseen. */
async function staysPresent(project) {
  const page = await person("clerk", "zh-CN");
  const other = await person("clerk", "zh-CN");
  const approval = `${base}${project}/items/approval`;
  const budget = '[name="f.approved_budget"]';
  const posts = (of) => of.waitForResponse((response) => response.request().method() === "POST");
  const types = async (of, field, value) => {
    const [response] = await Promise.all([posts(of), of.fill(field, value).then(() => of.keyboard.press("Tab"))]);
    return response.status();
  };
  const returns = (of) => of.evaluate(() => dispatchEvent(new Event("focus")));
  const shows = (of, value) =>
    of.waitForFunction(([field, value]) => document.querySelector(field).value === value, [budget, value]);
  await page.goto(approval);
  await other.goto(approval);

  // Open while another saves: present as soon as somebody comes back to it, and the next save is nobody's conflict.
  assert.equal(await types(other, budget, "61万元"), 200);
  await page.waitForTimeout(3_100);
  await returns(page);
  await shows(page, "61万元");
  assert.equal(await types(page, budget, "62万元"), 200);

  // Something is typed and not sent when another saves the same: it stays and says so, and saving it is refused truly.
  await other.waitForTimeout(3_100);
  await returns(other);
  await shows(other, "62万元");
  await page.focus(budget);
  await page.keyboard.press("End");
  await page.keyboard.type("整");
  assert.equal(await types(other, budget, "63万元"), 200);
  await page.waitForTimeout(3_100);
  await returns(page);
  await page.waitForSelector('[data-item="approved_budget"] .says p.note');
  assert.equal(await page.inputValue(budget), "62万元整");
  const [refused] = await Promise.all([posts(page), page.keyboard.press("Tab")]);
  assert.equal(refused.status(), 409);
  assert.ok((await page.textContent('[data-item="approved_budget"] .says')).includes("63"));
  // The choice is a page: theirs is kept here.
  await page.click('.bar button[value="approval"]');
  await page.check('[name="k.approved_budget"][value="theirs"]');
  await page.click('.bar button[value="approval"]');
  assert.equal(await page.inputValue(budget), "63万元");

  // Back by the browser's button over another edit.
  await page.goto(`${base}${project}`);
  assert.equal(await types(other, budget, "64万元"), 200);
  await page.goBack();
  await shows(page, "64万元");
  assert.equal(await types(page, budget, "65万元"), 200);

  // Closed without a connection, changed by another, opened again: what was typed is there, and overwrites nothing.
  await page.context().setOffline(true);
  await page.fill(budget, "66万元");
  await page.keyboard.press("Tab");
  await page.waitForSelector("[data-state].wait");
  const context = page.context();
  await page.close();
  await context.setOffline(false);
  await other.reload();
  await shows(other, "65万元");
  assert.equal(await types(other, budget, "67万元"), 200);
  const again = await context.newPage();
  const sent = posts(again);
  await again.goto(approval);
  assert.equal((await sent).status(), 409);
  assert.equal(await again.inputValue(budget), "66万元");
  await other.reload();
  await shows(other, "67万元");
  await context.close();
  await other.context().close();
}

/** The session ends or the connection is lost in the middle of a form: what was typed is there once one is back, and
 *  whoever signs in on the same device before sends none of it. */
async function losesNothing(project) {
  const page = await person("clerk", "zh-CN");
  const other = await person("reviewer", "zh-CN");
  const approval = `${base}${project}/items/approval`;
  const number = '[name="f.approval_number"]';
  const kept = (of) => of.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("filing:")).length);
  const saved = async (of, value) => {
    await other.goto(`${base}${project}`);
    const shown = await other.textContent("#item-approval_number");
    assert.equal(shown.includes(value), of, `${value} is ${of ? "not " : ""}saved`);
  };

  // A button pressed without a connection leads nowhere; back on the page, it is there and sent.
  await page.goto(approval);
  await page.context().setOffline(true);
  await page.fill(number, "批〔2026〕7号");
  await page.click('.bar button[value="profile"]').catch(() => {});
  await page.waitForTimeout(500);
  await page.context().setOffline(false);
  await page.goto(approval);
  await page.waitForFunction((field) => document.querySelector(field).value === "批〔2026〕7号", number);
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("filing:")));
  await saved(true, "7号");

  // The session ends. What is typed stays on the device, for whoever typed it alone.
  await page.context().clearCookies();
  await page.fill(number, "批〔2026〕8号");
  await page.keyboard.press("Tab");
  await page.waitForSelector("[data-state].wait");
  assert.equal(await kept(page), 1);
  await page.context().addCookies(await other.context().cookies());
  await page.goto(approval);
  await page.waitForTimeout(500);
  assert.equal(await kept(page), 1);
  await saved(false, "8号");
  const again = await person("clerk", "zh-CN", { fresh: true });
  await page.context().clearCookies();
  await page.context().addCookies(await again.context().cookies());
  await page.goto(approval);
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("filing:")));
  assert.equal(await page.inputValue(number), "批〔2026〕8号");
  await saved(true, "8号");

  // The session ends, and one signs in on another tab: this one sends what it holds as soon as one is back on it.
  await page.context().clearCookies();
  await page.fill(number, "批〔2026〕9号");
  await page.keyboard.press("Tab");
  await page.waitForSelector("[data-state].wait");
  await page.context().addCookies(await again.context().cookies());
  await page.waitForTimeout(3_100);
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith("filing:")));
  await saved(true, "9号");
  for (const of of [page, other, again]) await of.context().close();
}

async function reviews(project, language) {
  const page = await person("reviewer", language);
  await page.goto(`${base}${project}`);
  await page.click('#profile form[action$="/review"] button');
  await page.waitForSelector("#profile .signatures");
  await look(page, `reviewed-${language}`);
  await page.context().close();
  // What the township signed, the department of the line accepts.
  const department = await person("department", language);
  await department.goto(`${base}${project}`);
  await department.click('#profile form[action$="/accept"] button');
  await department.waitForSelector(".flash");
  assert.equal(await department.locator("#profile .tag.good").count(), 3);
  await look(department, `accepted-${language}`);
  await department.context().close();
}

/** The queue by keys alone: down, up, choosing, a view of one's own kept and opened, and the list of keys. */
async function keys(page, language) {
  await page.setViewportSize({ width: 1280, height: 800 });
  const now = () => page.$$eval("table.queue tbody tr", (rows) => rows.findIndex((row) => row.classList.contains("now")));
  for (const [key, at] of [["j", 0], ["j", 1], ["k", 0]]) {
    await page.keyboard.press(key);
    assert.equal(await now(), at, key);
  }
  const box = "table.queue tbody tr.now input[type=checkbox]";
  await page.keyboard.press("x");
  assert.ok(await page.isChecked(box));
  await page.keyboard.press("x");
  await page.keyboard.press("?");
  assert.ok(await page.$("details[data-keys][open]"));
  await page.selectOption(".filters [name=severity]", "high");
  await page.click(".filters button");
  const keep = 'form[action="/supervise/desk/views"]';
  const summary = page.locator("details", { has: page.locator(keep) }).locator("summary");
  await summary.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type(language);
  await page.keyboard.press("Enter");
  await page.waitForSelector("nav.views a[aria-current]");
  await look(page, `views-${language}`);
  await page.goto(`${base}/supervise/desk`);
  const name = (await page.$$eval("nav.views a", (all) => all.map((one) => one.textContent))).indexOf(language) + 1;
  await page.keyboard.press(String(name));
  await page.waitForSelector("nav.views a[aria-current]");
  assert.match(page.url(), /severity=high/);
  await page.goto(`${base}/supervise/desk`);
}

async function works(language) {
  const page = await person("officer", language);
  await comparesPhotos(page, language);
  await page.goto(`${base}/supervise/desk`);
  await look(page, `desk-${language}`);
  await keys(page, language);
  const loose = await page.$$eval("table.queue tr", (rows) =>
    rows.map((row) => row.querySelectorAll("td")).filter((cells) => cells.length > 6 && !cells[6].textContent.trim()).map((cells) => cells[5].querySelector("a").getAttribute("href")),
  );
  assert.ok(loose.length > 0, "nobody's doubt is left in the queue");
  // The first that has no case yet.
  let flag;
  for (const one of loose) {
    await page.goto(`${base}${one}`);
    if (await page.$('form[action$="/verify"]')) {
      flag = one;
      break;
    }
  }
  assert.ok(flag, "every doubt has a case");
  await look(page, `flag-${language}`);
  if (shots) await page.screenshot({ path: `${shots}/flag-${language}-whole.png`, fullPage: true });
  await page.click('form[action$="/verify"] button');
  assert.match(path(page), /^\/supervise\/cases\//);
  await look(page, `case-${language}`);
  await page.selectOption('form[action$="/check"] select', "differs");
  await page.fill('form[action$="/check"] [name="note"]', "现场未开工");
  await page.click('form[action$="/check"] button');
  await page.fill("#answer-note", "已现场核查");
  await page.click('form[action$="/answer"] button');
  await page.goto(`${base}/supervise/cases`);
  await look(page, `cases-${language}`);
  await page.context().close();
}

async function leads(language) {
  const page = await person("manager", language);
  for (const name of ["rules", "import", "export"]) {
    await page.goto(`${base}/supervise/${name}`);
    await look(page, `${name}-${language}`);
  }
  await packagesOf(page);
  // What another value of a parameter would change is seen before it is saved.
  await page.goto(`${base}/supervise/rules/K29`);
  await look(page, `rule-${language}`);
  const change = page.locator("main form", { has: page.locator('input[name="name"][value="below_percent"]') });
  await change.locator('[name="value"]').fill(language === "en" ? "3" : "30");
  await change.locator('button:not([name="save"])').click();
  await page.waitForSelector("#preview");
  await look(page, `rule-preview-${language}`);
  if (shots) await page.screenshot({ path: `${shots}/rule-preview-${language}-whole.png`, fullPage: true });
  await page.fill('form[action*="/parameter"] [name="reason"]', "按本县批复口径");
  await page.click('form[action*="/parameter"] [name="save"]');
  await page.waitForSelector(".flash");
  await bringsRegister(page, language);
  await page.goto(`${base}/supervise/numbers`);
  await look(page, `numbers-${language}`);
  await page.goto(`${base}/supervise/questions`);
  await look(page, `consents-${language}`);
  const consent = await page.$('form[action$="/consent"] button');
  if (consent) {
    await consent.click();
    await page.waitForSelector(".flash");
  }
  await page.context().close();
}

/** A register takes the place of the one before, with what allows it. */
async function bringsRegister(page, language) {
  await page.goto(`${base}/supervise/registers`);
  await page.selectOption("#register", "deceased");
  await page.fill("#purpose", language);
  await page.fill("#basis", "民政 2026 年第 1 号函");
  await page.fill("#expires", new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  await page.setInputFiles("#file", `${dir}/county/deceased.csv`);
  await page.click("main form.small-form button.main");
  await page.waitForSelector(".flash");
  assert.ok((await page.textContent("main")).includes("民政 2026 年第 1 号函"));
  await look(page, `registers-${language}`);
}

/** A passkey is added, and signs in without password and code. The device is Chromium's own for tests. */
async function passkeys(language) {
  const there = base.replace("127.0.0.1", "localhost");
  const page = await person("reviewer", language, { at: there, fresh: true });
  const client = await page.context().newCDPSession(page);
  await client.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  await client.send("WebAuthn.addVirtualAuthenticator", { options: { ...options, automaticPresenceSimulation: true } });
  await page.goto(`${there}/account/passkeys`);
  await page.fill("#passkey-label", `device ${language}`);
  await page.click('form[data-passkey="add"] button');
  await page.waitForSelector(`td:text-is("device ${language}")`);
  await page.context().clearCookies();
  await page.goto(`${there}/sign-in?to=%2Faccount`);
  await page.click('form[data-passkey="sign-in"] button');
  await page.waitForURL(`${there}/account`);
  // Looked at only now: the debugger that looks takes the device away.
  await page.goto(`${there}/account/passkeys`);
  await look(page, `passkeys-${language}`);
  await page.context().clearCookies();
  await page.goto(`${there}/sign-in`);
  await look(page, `sign-in-${language}`);
  await page.context().close();
}

/** What goes out by the open standard is read again, and changes nothing. */
async function packagesOf(page) {
  for (const kind of ["oc4ids", "oc4ids-public"]) {
    const address = `${base}/supervise/export/file?kind=${kind}`;
    const plain = { "accept-encoding": "identity" };
    const answer = await page.context().request.get(address, { headers: plain, timeout: 120_000 });
    assert.equal(answer.status(), 200);
    const bytes = await answer.body();
    if (packages) writeFileSync(`${packages}/${kind}.json`, bytes);
    await page.goto(`${base}/supervise/import`);
    await page.setInputFiles("#file", { name: `${kind}.json`, mimeType: "application/json", buffer: bytes });
    await page.click("main button.main");
    await page.waitForSelector('form[action$="/discard"]');
    await page.waitForSelector("[data-import]", { state: "detached", timeout: 120_000 });
    assert.equal(await page.$('form[action$="/take"]'), null, `${kind} changes something`);
    await page.click('form[action$="/discard"] button');
    await page.waitForSelector(".flash");
  }
}

/** An administrator's list of items. */
async function keepsItems(language) {
  const page = await person("admin", language);
  await page.goto(`${base}/supervise/declaration`);
  await look(page, `declaration-${language}`);
  // An item is asked for no more, and again.
  const retired = () => page.locator('button[value="restore"]').count();
  const before = await retired();
  await page.locator('button[value="retire"]').last().click();
  await page.waitForSelector(".flash");
  assert.equal(await retired(), before + 1);
  await page.locator('button[value="restore"]').last().click();
  await page.waitForSelector(".flash");
  await page.waitForFunction((before) => document.querySelectorAll('button[value="restore"]').length === before, before);
  await page.context().close();
}

for (const language of ["zh-CN", "en"]) {
  const project = await files(language);
  await filesWithoutScripts(project, language);
  if (language === "zh-CN") {
    await staysPresent(project);
    await losesNothing(project);
  }
  await reviews(project, language);
  await comesToAnOutcome(project, language);
  await works(language);
  await leads(language);
  await keepsItems(language);
  await passkeys(language);
  await goesByKeys(language);
  await isPrinted(language);
  console.log(`${language}: told`);
}
await walk();
await browser.close();
for (const problem of new Set(problems)) console.error(problem);
process.exit(problems.length ? 1 : 0);
