/** Loads tfjs and starts a device of it. It is imported only when this backend is asked for. */
import type * as tfjs from '@tensorflow/tfjs-core'
import { BackendError } from '../../errors.ts'

export type Tf = typeof tfjs

/**
 * tfjs with `device` registered and initialised.
 *
 * @param wasm the folder that holds tfjs-backend-wasm's .wasm files, as a URL or path. Node finds it by itself. A page has to
 *   name it, unless its bundler put the files beside the script.
 * @throws BackendError `BACKEND_UNAVAILABLE` if tfjs is not installed or the device fails to start, `BACKEND_DEVICE`
 *   if tfjs knows no such device
 */
export async function loadTf(device: string, wasm?: string): Promise<Tf> {
  const tf = await importTf()
  const isStarted = Object.hasOwn(tf.engine().registry, device)
  if (device === 'wasm' && !isStarted) await importWasm(tf, wasm)
  if (device === 'cpu' && !isStarted) await importCpu()
  if (!Object.hasOwn(tf.engine().registryFactory, device)) {
    throw new BackendError({
      code: 'BACKEND_DEVICE',
      subject: `device ${JSON.stringify(device)} of backend tfjs`,
      expected: [...new Set(['wasm', 'cpu', ...Object.keys(tf.engine().registryFactory)])].join(', '),
      found: 'no tfjs backend of this name',
      nextStep: 'Import the package that registers it (@tensorflow/tfjs-backend-webgpu, …) before loading the model.',
    })
  }
  await start(tf, device)
  return tf
}

/** Initialises the device. The one that was active before stays active. */
async function start(tf: Tf, device: string): Promise<void> {
  const active = tf.engine().backendName as string | undefined
  const started = await tf.setBackend(device)
  if (active !== undefined) await tf.setBackend(active)
  if (started) return
  throw new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: `device ${device} of backend tfjs`,
    expected: 'a device that starts',
    found: 'one that did not: tfjs printed why',
    nextStep: "Try device: 'wasm' with its .wasm files in the folder that the option wasm names, or another backend.",
  })
}

async function importTf(): Promise<Tf> {
  try {
    return await import('@tensorflow/tfjs-core')
  } catch (cause) {
    throw notInstalled('@tensorflow/tfjs-core', cause)
  }
}

async function importWasm(tf: Tf, folder: string | undefined): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm').catch((cause: unknown) => {
    throw notInstalled('@tensorflow/tfjs-backend-wasm', cause)
  })
  // On a page that is isolated from other origins, tfjs would start threads from blobs. If a content security policy forbids
  // blobs, it waits for ever. A page that wants threads starts the device itself, before it loads a model.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  if (folder === undefined) return
  try {
    setWasmPaths(folder.endsWith('/') ? folder : `${folder}/`)
  } catch (cause) {
    throw new BackendError({
      code: 'BACKEND_UNAVAILABLE',
      subject: 'device wasm of backend tfjs',
      expected: 'a first start',
      found: 'one after a start that failed, for which tfjs takes no other folder',
      nextStep: 'Load the page again, or start the process again.',
      cause,
    })
  }
}

async function importCpu(): Promise<void> {
  try {
    await import('@tensorflow/tfjs-backend-cpu')
  } catch (cause) {
    throw notInstalled('@tensorflow/tfjs-backend-cpu', cause)
  }
}

function notInstalled(name: string, cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: `package ${name}`,
    expected: "an installed package, for backend 'tfjs'",
    found: cause instanceof Error ? cause.message : String(cause),
    nextStep: `Run: npm install ${name}`,
    cause,
  })
}
