/** An isolated page may share memory, and so compute on all cores. Your server has to send the same two headers. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export default { server: { headers }, preview: { headers } }
