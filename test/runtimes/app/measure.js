/**
 * The measurement that runs everywhere: load, answer one text, and time a few more. It returns plain values, so it can come out of a
 * page, a worker or another process. The runner compares the answer; nothing is decided here.
 */

/** Seventeen tokens. */
export const TEXT = "Angela Merkel met Tim Cook at Apple's office in Berlin."
/** 128 tokens. */
export const LONG = `${TEXT} `.repeat(8) + 'They talked about it for an hour.'

/** Loads slower than this are of plain loops: one text more is enough, and none of 128 tokens. */
const SLOW = 3000

/** @returns {Promise<object>} the answer, what computes it, and milliseconds */
export async function measure(pipeline, model, options = {}) {
  const began = performance.now()
  const ner = await pipeline('token-classification', model, options)
  const entities = await answer(ner)
  const cold = performance.now() - began
  const { backend, device, dtype, threads } = ner.model
  const short = await median(cold > SLOW ? 1 : 15, () => answer(ner))
  const long = cold > SLOW ? undefined : await median(7, () => ner(LONG))
  return { entities, backend, device, dtype, threads, cold, short, long }
}

/** Type, text, start and end of each entity of TEXT. */
export async function answer(ner) {
  const entities = await ner(TEXT, { aggregation_strategy: 'first' })
  return entities.map(({ entity_group, start, end }) => [entity_group, TEXT.slice(start, end), start, end])
}

async function median(runs, run) {
  const times = []
  for (let i = 0; i < runs; i++) {
    const began = performance.now()
    await run()
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[runs >> 1]
}
