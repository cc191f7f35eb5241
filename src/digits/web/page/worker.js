// Keeps the page, so that it opens without a network; asks the server first, for a newer one.
const CACHE = "digits-1";
const FILES = [
  "/", "/manifest.webmanifest", "/icon.svg",
  "/squared_paper.png", "/two_rows.png", "/photograph.jpg", "/letter.png",
];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !FILES.includes(url.pathname)) return;
  event.respondWith(
    fetch(event.request)
      .then(async (response) => {
        if (response.ok) await (await caches.open(CACHE)).put(event.request, response.clone());
        return response;
      })
      .catch(() => caches.match(url.pathname)),
  );
});
