// From the doubt on what a clerk has just filed to its outcome: case, question with the lead's consent, the filer's answer,
// check on site, hearing, close, and the number that it changes.
import assert from "node:assert/strict";
import { base, look, path, person } from "./eyes.mjs";

const WORDS = {
  "zh-CN": { question: "请补充现场照片的拍摄时间和地点。", answer: "照片由村里提供,已请村里补拍。", note: "现场未见照片所示工程。" },
  en: { question: "Please say when and where the photos were taken.", answer: "The village sent them; new ones are asked for.", note: "Nothing on site looks like the photos." },
};

/** The doubt about photos of a project, once screening has found it. */
async function doubtOn(page, code) {
  for (let tries = 0; tries < 40; tries += 1) {
    await page.goto(`${base}/supervise/desk?rule=K19&place=990121100`);
    const flag = await page.$$eval(
      "table.queue tbody tr",
      (rows, code) =>
        rows.filter((row) => row.querySelector("small")?.textContent === code).map((row) => row.querySelector('a[href^="/supervise/flags/"]').getAttribute("href"))[0],
      code,
    );
    if (flag) return flag;
    await page.waitForTimeout(250);
  }
  return assert.fail(`photos that another project shows too raise no doubt on ${code}`);
}

/** How many cases are closed, by the figures above the queue. */
async function closed(page) {
  await page.goto(`${base}/supervise/desk`);
  return Number((await page.locator(".figures .num a").nth(2).textContent()).replace(/\D/g, ""));
}

export async function comesToAnOutcome(project, language) {
  const words = WORDS[language];
  const officer = await person("officer", language);
  await officer.goto(`${base}${project}`);
  const code = (await officer.textContent("main")).match(/99012120\d{6}/)[0];
  const flag = await doubtOn(officer, code);
  const before = await closed(officer);
  await officer.goto(`${base}${flag}`);
  await officer.click('form[action$="/verify"] button');
  const opened = path(officer);
  assert.match(opened, /^\/supervise\/cases\//);

  // A question carries neither rule nor figures, is seen before it is sent, and waits for the lead.
  await officer.goto(`${base}${flag}`);
  await officer.fill("#question", `${words.question} K19`);
  await officer.click('form[action$="/ask"] button:not(.main)');
  await officer.waitForSelector("main [role=alert]");
  await officer.fill("#question", words.question);
  await officer.click('form[action$="/ask"] button:not(.main)');
  await officer.waitForSelector('form[action$="/ask"] blockquote');
  await look(officer, `question-preview-${language}`);
  await officer.click('form[action$="/ask"] button.main');
  await officer.waitForSelector(".flash");

  const clerk = await person("clerk", language);
  await clerk.goto(`${base}/supervise/questions`);
  const shown = () => clerk.locator("main .sheet", { hasText: words.question }).filter({ hasText: code });
  assert.equal(await shown().count(), 0, "the filer sees what nobody has consented to");
  const lead = await person("manager", language);
  await lead.goto(`${base}/supervise/questions`);
  const waiting = lead.locator("main .sheet", { hasText: code });
  await waiting.locator('form[action$="/consent"] button').first().click();
  await lead.waitForSelector(".flash");
  await clerk.goto(`${base}/supervise/questions`);
  assert.equal(await shown().count(), 1, "the filer does not see the question");
  await look(clerk, `question-asked-${language}`);
  await shown().locator("textarea").fill(words.answer);
  await shown().locator("button.main").click();
  await clerk.waitForSelector(".flash");

  await officer.goto(`${base}${opened}`);
  assert.ok((await officer.textContent("main")).includes(words.answer), "the case does not show the answer");
  // Nobody is closed upon without having been heard.
  const close = officer.locator('form[action$="/close"]');
  const concludes = async () => {
    await officer.locator("details", { has: close }).locator("summary").click();
    for (const verdict of await close.locator('select[name^="flag."]').all()) await verdict.selectOption("confirmed");
    await close.locator("#kind").selectOption("rectified");
    await close.locator("#recovered").fill("12500");
    await close.locator("#solved").fill("1");
    await close.locator("#close-note").fill(words.note);
    await close.locator("button.main").click();
  };
  await concludes();
  await officer.waitForSelector("main [role=alert]");
  await officer.goto(`${base}${opened}`);
  const checks = await officer.locator('form[action$="/check"]').count();
  assert.ok(checks > 0, "no list of what to check on site");
  for (let check = 0; check < checks; check += 1) {
    const form = officer.locator('form[action$="/check"]').nth(check);
    await form.locator("select").selectOption("differs");
    await form.locator('[name="note"]').fill(words.note);
    await form.locator("button").click();
  }
  await officer.fill("#answer-note", words.note);
  await officer.click('form[action$="/answer"] button');
  await officer.fill("#heard-note", words.answer);
  await officer.click('form[action$="/hear"] button');
  await concludes();
  await officer.waitForSelector(".flash");
  await look(officer, `case-closed-${language}`);
  assert.equal(await closed(officer), before + 1, "the number of closed cases is not one more");
  for (const page of [officer, clerk, lead]) await page.context().close();
}
