/**
 * `bert-ner/tfjs`: importing it registers backend tfjs. The only module that bundlers see mention tfjs, so only who asks for it
 * needs it installed. Not every device is in use: a package that is missing is an error when its device is asked for.
 */
import * as core from '@tensorflow/tfjs-core'
import { registerTfjs } from './kernels/register.ts'
import { notInstalled, type TfPackages } from './kernels/tfjs/tf.ts'
import { TfjsKernels } from './kernels/tfjs/tfjs.ts'

const packages: TfPackages = {
  core: () => Promise.resolve(core),
  // Bundlers take a package that is missing as a warning inside `try`, and as an error outside.
  wasm: async () => {
    try {
      return await import('@tensorflow/tfjs-backend-wasm')
    } catch (error) {
      throw notInstalled('@tensorflow/tfjs-backend-wasm', error)
    }
  },
  cpu: async () => {
    try {
      return await import('@tensorflow/tfjs-backend-cpu')
    } catch (error) {
      throw notInstalled('@tensorflow/tfjs-backend-cpu', error)
    }
  },
}

registerTfjs((device, wasm) => TfjsKernels.load(packages, device, wasm))
