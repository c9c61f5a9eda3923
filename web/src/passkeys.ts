// Passkeys: browsers give them to scripts alone. Buttons are hidden until it is known that this browser has them.

/** What the server asks the browser for. */
interface Challenge {
  attempt: string;
  options: unknown;
}

/** Parts of the Web Authentication API (level 3) that TypeScript's own library may not have yet. */
interface Json {
  parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions;
}

const json = (globalThis as { PublicKeyCredential?: Partial<Json> }).PublicKeyCredential;

async function post(path: string, body: unknown, token?: string): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json", accept: "application/json" };
  if (token) headers["x-form-token"] = token;
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? response.statusText);
}

function answer(credential: Credential | null): unknown {
  return (credential as unknown as { toJSON(): unknown }).toJSON();
}

async function signIn(form: HTMLFormElement): Promise<void> {
  const challenge: Challenge = await (await post("/sign-in/passkey/ask", {})).json();
  const publicKey = json!.parseRequestOptionsFromJSON!(challenge.options);
  const credential = await navigator.credentials.get({ publicKey });
  const to = new FormData(form).get("to");
  const sent = { attempt: challenge.attempt, answer: answer(credential), to };
  location.assign((await (await post("/sign-in/passkey", sent)).json()).to);
}

async function add(form: HTMLFormElement): Promise<void> {
  const typed = new FormData(form);
  const token = String(typed.get("form_token"));
  const challenge: Challenge = await (await post("/account/passkeys/offer", {}, token)).json();
  const publicKey = json!.parseCreationOptionsFromJSON!(challenge.options);
  const credential = await navigator.credentials.create({ publicKey });
  const sent = { attempt: challenge.attempt, label: typed.get("label"), answer: answer(credential) };
  await post("/account/passkeys", sent, token);
  location.reload();
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
  if (!json?.parseCreationOptionsFromJSON || !json.parseRequestOptionsFromJSON) break;
  form.querySelector<HTMLButtonElement>("button")!.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Ours alone: what keeps ordinary forms from being sent twice does not see it.
    event.stopPropagation();
    const told = form.querySelector<HTMLElement>("[role=alert]")!;
    told.hidden = true;
    try {
      await (form.dataset.passkey === "add" ? add : signIn)(form);
    } catch (error) {
      // Whoever thought better of it is told nothing.
      if ((error as Error).name === "NotAllowedError") return;
      told.textContent = (error as Error).message;
      told.hidden = false;
    }
  });
}
