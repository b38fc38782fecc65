/**
 * Offers backend tfjs in Node, where its packages are found when they are asked for. They are required, and not imported, so that
 * bundlers for Node do not see them; an import in the program gives the same module.
 */
import { offerTfjs } from '../kernels/register.ts'
import type { TfPackages } from '../kernels/tfjs/tf.ts'
import { builtin } from '../platform.ts'

offerTfjs(async (device, wasm) => {
  const { notInstalled } = await import('../kernels/tfjs/tf.ts')
  const { TfjsKernels } = await import('../kernels/tfjs/tfjs.ts')
  const required = <T>(name: string): Promise<T> =>
    new Promise((resolve, reject) => {
      try {
        resolve(builtin('node:module')?.createRequire(import.meta.url)(name) as T)
      } catch (error) {
        reject(notInstalled(name, error))
      }
    })
  const packages: TfPackages = {
    core: () => required('@tensorflow/tfjs-core'),
    wasm: () => required('@tensorflow/tfjs-backend-wasm'),
    cpu: () => required('@tensorflow/tfjs-backend-cpu'),
  }
  return TfjsKernels.load(packages, device, wasm)
})
