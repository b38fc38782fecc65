/** A program in CommonJS. */
const { pipeline } = require('bert-ner')

async function main() {
  const [{ measure }, { tell }] = await Promise.all([import('../measure.js'), import('./tell.mjs')])
  tell(await measure(pipeline))
}
void main()
