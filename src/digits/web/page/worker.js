// Keeps the page, so that it opens without a network; asks the server first, for a newer one.
const CACHE = "digits-2";
const FILES = [
  "/", "/manifest.webmanifest", "/icon.svg", "/icon_192.png",
  "/squared_paper.png", "/two_rows.png", "/photograph.jpg", "/letter.png",
];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

addEventListener("activate", (event) => {  // what older pages kept
  event.waitUntil(caches.keys().then((names) => Promise.all(
    names.filter((name) => name !== CACHE).map((name) => caches.delete(name)),
  )));
});

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !FILES.includes(url.pathname)) return;
  event.respondWith(
    fetch(event.request)
      .then((response) => {
        if (response.ok) event.waitUntil(keep(url.pathname, response.clone()));
        return response;
      })
      .catch(() => caches.match(url.pathname)),
  );
});

async function keep(path, response) {
  try {
    await (await caches.open(CACHE)).put(path, response);
  } catch { /* no room; what was kept before is as good */ }
}
