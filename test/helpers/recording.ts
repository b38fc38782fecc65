/** Kernels that keep the result of every operation, so that a test can hold each against what PyTorch has there. */
import type { Kernels, Tensor } from '../../dist/kernels/kernels.js'

const OPERATIONS = ['embed', 'linear', 'linearGelu', 'attention', 'addLayerNorm'] as const

/** `outputs` grows by one tensor per operation, in the order of calls; nothing is freed by a scope. */
export function recording(kernels: Kernels): { kernels: Kernels; outputs: Tensor[] } {
  const outputs: Tensor[] = []
  const recorded: Record<string, unknown> = {
    name: kernels.name,
    device: kernels.device,
    dtype: kernels.dtype,
    threads: kernels.threads,
    scope: (body: () => unknown) => body(),
  }
  for (const name of ['linearWeights', 'embeddingWeights', 'normWeights', 'read', 'free', 'dispose'] as const) {
    recorded[name] = (kernels[name] as () => unknown).bind(kernels)
  }
  for (const name of OPERATIONS) {
    const operation = (kernels[name] as (...args: unknown[]) => Tensor).bind(kernels)
    recorded[name] = (...args: unknown[]) => {
      const output = operation(...args)
      outputs.push(output)
      return output
    }
  }
  return { kernels: recorded as unknown as Kernels, outputs }
}
