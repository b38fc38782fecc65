// Keeps the page and the model, so that a second visit needs no network. The build puts VERSION and FILES before this code.
//
// The page itself comes from the network if there is one, since a new version changes its name for everything else. All other
// files have a hash in their names: the kept one is the right one. Those of the page are kept at once; the model is kept as it is
// read. If it was read before this worker had control, the page says so ('keep'), and what is missing is fetched, as a rule from
// the browser's own cache. tfjs is kept once it is chosen.
/* global VERSION, FILES, self, caches, fetch, Request, Response, URL */
const CACHE = `bert-ner-${VERSION}`
const LARGE = /\.(?:safetensors|wasm|txt)$/
const CHOSEN = /tfjs/

/** Files that are being stored, by address: no file is fetched twice. */
const storing = new Map()

self.addEventListener('install', event => {
  const shell = FILES.filter(name => !LARGE.test(name) && !CHOSEN.test(name))
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

self.addEventListener('message', event => {
  if (event.data === 'keep') event.waitUntil(keepAll())
})

/** Fetches and keeps what a visit without a network needs and is not kept yet. */
async function keepAll() {
  const cache = await caches.open(CACHE)
  for (const name of FILES.filter(each => !CHOSEN.test(each))) {
    const { href } = new URL(name, self.registration.scope)
    await storing.get(href)
    if (await cache.match(href)) continue
    await cache.add(new Request(href, { cache: 'force-cache' })).catch(() => {}) // No network: at the next visit.
  }
}

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
  if (response.status === 200 && response.type === 'basic') event.waitUntil(store(request, response.clone()))
  return response
}

/** Stores an answer. A full disk is no fault: the file is not kept. */
function store(request, response) {
  const stored = caches
    .open(CACHE)
    .then(cache => cache.put(request, response))
    .catch(() => {})
    .finally(() => storing.delete(request.url))
  storing.set(request.url, stored)
  return stored
}
