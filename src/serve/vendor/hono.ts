/** The router, and its comparison in constant time. Bundled at build, so that the package depends on nothing. */
export { Hono } from 'hono/tiny'
export { timingSafeEqual } from 'hono/utils/buffer'
