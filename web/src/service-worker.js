// Keeps the page and the model, so that a second visit needs no network. The build puts VERSION and FILES before this code.
//
// The page itself comes from the network if there is one, since a new version changes its name for everything else. All other
// files have a hash in their names: the kept one is the right one. Large files (the model) are kept when they are first read.
/* global VERSION, FILES, self, caches, fetch, Response, URL */
const CACHE = `bert-ner-${VERSION}`
const LARGE = /\.(?:safetensors|wasm|txt)$/

self.addEventListener('install', event => {
  const shell = FILES.filter(name => !LARGE.test(name))
  event.waitUntil(
    caches
      .open(CACHE)
      .then(cache => cache.addAll(shell))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', event => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith('bert-ner-') && name !== CACHE && !name.startsWith('bert-ner-hub'))
          await caches.delete(name)
      }
      await self.clients.claim()
    })(),
  )
})

self.addEventListener('fetch', event => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || request.headers.has('range')) return
  event.respondWith(request.mode === 'navigate' ? page(request) : file(request, event))
})

/** Answers with the network's page, or without a network with the kept one. */
async function page(request) {
  try {
    const response = await fetch(request)
    if (response.ok) return response
  } catch {
    // Without a network there is the kept page.
  }
  return (await caches.match('./', { cacheName: CACHE })) ?? Response.error()
}

/** Answers with the kept file, or fetches and keeps it. The answer streams on while it is stored. */
async function file(request, event) {
  const kept = await caches.match(request, { cacheName: CACHE })
  if (kept) return kept
  const response = await fetch(request)
  if (response.status === 200 && response.type === 'basic') {
    const copy = response.clone()
    event.waitUntil(
      caches
        .open(CACHE)
        .then(cache => cache.put(request, copy))
        .catch(() => {}),
    ) // A full disk: not kept.
  }
  return response
}
