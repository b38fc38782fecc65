/** Starts a device of tfjs. The packages come from whoever registered the backend (register.ts): here they are types alone. */
import type * as tfjs from '@tensorflow/tfjs-core'
import { BackendError } from '../../errors.ts'

export type Tf = typeof tfjs

/** How the packages of tfjs are imported. Each throws {@link notInstalled} if it is not there. */
export interface TfPackages {
  core(): Promise<Tf>
  wasm(): Promise<Pick<typeof import('@tensorflow/tfjs-backend-wasm'), 'setWasmPaths'>>
  cpu(): Promise<unknown>
}

/**
 * tfjs with `device` registered and initialised.
 *
 * @param packages how to import it
 * @param wasm the folder that holds tfjs-backend-wasm's .wasm files, as a URL or path. Node finds it by itself. A page has to
 *   name it, unless its bundler put the files beside the script.
 * @throws BackendError `BACKEND_UNAVAILABLE` if tfjs is not installed or the device fails to start, `BACKEND_DEVICE`
 *   if tfjs knows no such device
 */
export async function loadTf(packages: TfPackages, device: string, wasm?: string): Promise<Tf> {
  const tf = await packages.core()
  const isStarted = Object.hasOwn(tf.engine().registry, device)
  if (device === 'wasm' && !isStarted) await importWasm(packages, tf, wasm)
  if (device === 'cpu' && !isStarted) await packages.cpu()
  if (!Object.hasOwn(tf.engine().registryFactory, device)) {
    throw new BackendError({
      code: 'BACKEND_DEVICE',
      subject: `device ${JSON.stringify(device)} of backend tfjs`,
      expected: [...new Set(['wasm', 'cpu', ...Object.keys(tf.engine().registryFactory)])].join(', '),
      found: 'no tfjs backend of this name',
      nextStep: `Import the package that registers it (@tensorflow/tfjs-backend-${shortName(device)}) before loading the model.`,
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

async function importWasm(packages: TfPackages, tf: Tf, folder: string | undefined): Promise<void> {
  const { setWasmPaths } = await packages.wasm()
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

/** A device's name as a package may have it. */
function shortName(device: string): string {
  return /^[\w-]{1,40}$/.test(device) ? device : '…'
}

/** The error for a package that cannot be imported. */
export function notInstalled(name: string, cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_UNAVAILABLE',
    subject: `package ${name}`,
    expected: "an installed package, for backend 'tfjs'",
    found: cause instanceof Error ? cause.message : String(cause),
    nextStep: `Run: npm install ${name}`,
    cause,
  })
}
