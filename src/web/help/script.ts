// What scripts add to the help pages: buttons that copy, and a test that is shown as it goes.

/** Served as /help/help.js. */
export const script = `"use strict";
const said = document.createElement("p");
said.className = "aloud";
said.setAttribute("role", "status");
document.body.append(said);

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = button.dataset.copied;
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });
}

// only what has changed is replaced, so that only that is read aloud
function renew(old, fresh) {
  const before = [...old.children];
  [...fresh.children].forEach((child, i) => {
    if (before[i] === undefined) old.append(child);
    else if (before[i].outerHTML !== child.outerHTML) before[i].replaceWith(child);
  });
  before.slice(fresh.childElementCount).forEach((child) => child.remove());
}

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const run = fresh.getElementById("run");
    if (run === null || !("running" in run.dataset)) return location.reload();
    document.querySelector("#run .left").textContent = run.querySelector(".left").textContent;
    renew(document.querySelector("#run .live"), run.querySelector(".live"));
  } catch {}
  setTimeout(look, 2000);
}

if (document.querySelector("#run[data-running]") !== null) setTimeout(look, 2000);
`;
