// The pictures of the README, from a demonstration that is running:
//
//   kandeng demo --port 8099 --dir DIR
//   node pictures.mjs http://127.0.0.1:8099 DIR ../docs/pictures
//
// In each language: the officer's queue, a project in doubt, and a clerk's form with a field that turned red as it was
// left, this one on a phone.
import { base, browser, path, person, shots } from "./eyes.mjs";

const SIZE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 720 };

async function officers(language) {
  const page = await person("officer", language, { viewport: SIZE });
  await page.goto(`${base}/supervise/desk`);
  await page.screenshot({ path: `${shots}/desk-${language}.png` });
  // One whose ground is drawn against what was declared.
  await page.goto(`${base}/supervise/desk?rule=K17`);
  await page.click('table.queue a[href^="/supervise/projects/"]');
  await page.locator(".track a.doubt").last().click();
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${shots}/project-${language}.png` });
  await page.context().close();
}

async function clerks(language) {
  const page = await person("clerk", language, { viewport: SIZE });
  await page.goto(`${base}/supervise/projects/new`);
  await page.fill("#code", language === "en" ? "99012120269095" : "99012120269094");
  await page.fill("#name", "三组产业路硬化");
  await page.selectOption("#kind", "infrastructure");
  await page.selectOption("#village", { index: 1 });
  await page.click("main form button.main");
  const project = path(page);
  const saved = () => page.waitForResponse((response) => response.request().method() === "POST" && response.ok());
  const leaves = (field, value) => Promise.all([saved(), page.fill(field, value).then(() => page.keyboard.press("Tab"))]);
  await page.setViewportSize(PHONE);
  await page.goto(`${base}${project}/items/profile`);
  await leaves('[name="f.owner_name"]', "云岫县芷岚镇人民政府");
  await leaves('[name="f.scale"]', "1200");
  await leaves('[name="f.scale_unit"]', "头");
  await page.waitForSelector('.field.doubt[data-field="f.scale_unit"]');
  await page.locator("#item-scale").scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${shots}/filing-${language}.png` });
  await page.context().close();
}

for (const language of ["zh-CN", "en"]) {
  await officers(language);
  await clerks(language);
}
await browser.close();
