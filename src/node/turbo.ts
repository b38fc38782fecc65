/** Offers turbo in Node. It is loaded when it is asked for. */
import { offerTurbo } from '../kernels/register.ts'

offerTurbo(async request => {
  const { loadTurbo } = await import('../kernels/simd/engine/turbo.ts')
  return loadTurbo(request)
})
