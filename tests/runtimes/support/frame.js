// In every page of the site: starts workers, sends in what goes wrong outside of the suite, and goes on to the next page.
(async () => {
  const parameters = new URLSearchParams(location.search);
  const [id, loaded, script] = ["id", "loaded", "script"].map((name) => parameters.get(name));
  const scope = script.slice(0, script.lastIndexOf("/") + 1);
  const complain = (what) =>
    fetch(`/report?id=${id}`, { method: "POST", body: JSON.stringify({ total: 1, failed: [{ name: loaded, error: String(what) }] }) });
  // Capturing, as a script that cannot be loaded tells nobody but itself.
  addEventListener("error", (event) => complain(event.message ?? `cannot load ${event.target.src}`), true);

  // As in a page that was not served over TLS.
  if (parameters.get("without") === "subtle") Object.defineProperty(crypto, "subtle", { value: undefined });

  const options = { type: "module" };
  if (loaded === "dedicated worker") {
    const worker = new Worker(`${script}${location.search}`, options);
    worker.addEventListener("error", (event) => complain(event.message ?? "the worker could not be loaded"));
  } else if (loaded === "service worker") {
    await navigator.serviceWorker.register(`${script}${location.search}`, { ...options, scope }).catch(complain);
  }
  const next = await (await fetch(`/next?id=${id}`)).text();
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) await registration.unregister();
  location.replace(next);
})();
