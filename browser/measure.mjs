// How long it takes from a change of a filing until its doubt is seen, and what a load run needs to sign in by.
//
//   kandeng demo --port 8099 --dir DIR
//   node measure.mjs http://127.0.0.1:8099 DIR/accounts.json [HOW OFTEN]
//
// Prints milliseconds from the answer to the clerk's form until the officer's open page is told, sorted; how long the
// officer's look at each page takes that comes first after a change, and the one after that; then the cookie of an
// officer's session and pages for a load run, such as
//   wrk -t2 -c64 -d20s --latency -H "Cookie: COOKIE" http://127.0.0.1:8099/supervise/desk
import { readFileSync } from "node:fs";

import { code } from "./code.mjs";

const [, , base, file, times = "10"] = process.argv;
const accounts = JSON.parse(readFileSync(file, "utf8"));

/** A session, by a one-time code: each counts once, and the next one comes within half a minute. */
async function signIn(login) {
  const account = accounts.find((one) => one.login === login);
  for (let turn = 0; turn < 2; turn += 1) {
    const answer = await fetch(`${base}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { "sec-fetch-site": "same-origin" },
      body: new URLSearchParams({ login, password: account.password, code: code(account.secret) }),
    });
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("__Host-session="));
    if (answer.status === 303 && cookie) return cookie.split(";")[0];
    await new Promise((done) => setTimeout(done, 30_000 - (Date.now() % 30_000)));
  }
  throw new Error(`${login} cannot sign in`);
}

const clerk = await signIn("clerk");
const officer = await signIn("officer");
const get = async (path, cookie) => {
  const answer = await fetch(base + path, { headers: { cookie } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
};
const token = (await get("/account", clerk)).match(/name="form_token" value="([^"]+)"/)[1];
const post = (path, fields) =>
  fetch(base + path, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: clerk, "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ form_token: token, ...fields }),
  });

/** The counts that an officer's open page is told. */
async function* counts() {
  const answer = await fetch(`${base}/supervise/events`, { headers: { cookie: officer } });
  let text = "";
  for await (const part of answer.body) {
    text += Buffer.from(part).toString();
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).match(/^data: (\d+)$/m);
      if (data) yield Number(data[1]);
    }
  }
}

const found = (await get("/supervise/desk", officer)).match(/\/supervise\/projects\/[0-9a-f-]{36}/)[0];
const pages = ["/supervise/desk", found];
const looks = pages.map(() => [[], []]);
const told = counts();
let standing = (await told.next()).value;
const took = [];
for (let turn = 0; turn < Number(times); turn += 1) {
  const code = `990121${Date.now()}`;
  const began = performance.now();
  const filed = await post("/supervise/projects/new", { code, name: "测", kind: "infrastructure", village: "990121100201" });
  if (filed.status !== 303) throw new Error(`not filed: ${filed.status}`);
  for (;;) {
    const { value } = await told.next();
    if (value > standing) {
      standing = value;
      break;
    }
    standing = value;
  }
  took.push(Math.round(performance.now() - began));
  for (const [page, turns] of looks.entries()) {
    for (const turn of turns) {
      const began = performance.now();
      await get(pages[page], officer);
      turn.push(performance.now() - began);
    }
  }
}
took.sort((one, other) => one - other);
const middle = (all) => all.sort((one, other) => one - other)[all.length >> 1].toFixed(1);
console.log(`milliseconds until seen: ${took.join(" ")}`);
for (const [page, [first, next]] of looks.entries()) {
  console.log(`milliseconds of a look: ${middle(first)} after a change, ${middle(next)} then, in the middle: ${pages[page]}`);
}
console.log(`cookie: ${officer}\npages: ${pages.join(" ")}`);
process.exit(0);
