// What pages do better with a script; all of them work without.
import "./kandeng.css";
import "./boundary";
import "./desk";
import "./filing";
import "./import";
import "./live";
import "./passkeys";

/** How long a form is not sent a second time, in milliseconds. After that it may be: the connection was lost, perhaps. */
const AGAIN = 5_000;

// A form is sent once, however often its button is pressed: on a poor connection people press again.
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, AGAIN);
});

// On a phone the row of categories is wider than the screen: the one that is open is in sight.
document.querySelector(".track [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Coming back by the browser's button, it can be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) {
    delete form.dataset.sent;
  }
});
