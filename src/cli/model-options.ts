/** The options of every command that runs a model, and the checks that commands share for numbers. */
import { BACKENDS, DTYPES, type BackendOptions } from '../kernels/options.ts'
import { InvalidArgumentError, Option } from './vendor/commander.ts'

export interface ModelFlags extends Pick<BackendOptions, 'backend' | 'device' | 'dtype' | 'threads' | 'turbo'> {
  model?: string
}

/** `threads`: the default number of threads, in words. */
export function modelOptions(threads = 'one per core, four at most'): Option[] {
  return [
    new Option('--model <model>', 'a folder, or owner/name of the Hugging Face hub (default: the one of bert-ner)'),
    new Option('--backend <name>', 'what computes (default: the fastest that is there)').choices(BACKENDS),
    new Option('--device <name>', 'backend tfjs: which of its backends').argParser(String),
    new Option('--dtype <name>', 'arithmetic of the linear layers (default: the one that fits the file)').choices(
      DTYPES,
    ),
    new Option('--threads <n>', `backend simd: how many threads (default: ${threads})`).argParser(count),
    new Option('--turbo', 'backend simd, Node 24 and later: 256-bit vectors (experimental)'),
  ]
}

/** The flags that are a backend's, for `pipeline` or `BertForTokenClassification.load`. */
export function backendOptions({ backend, device, dtype, threads, turbo }: ModelFlags): BackendOptions {
  return {
    ...(backend === undefined ? {} : { backend }),
    ...(device === undefined ? {} : { device }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(threads === undefined ? {} : { threads }),
    ...(turbo === undefined ? {} : { turbo }),
  }
}

/** The same heading for each of some options in `--help`. */
export function group(heading: string, ...members: Option[]): Option[] {
  return members.map(option => option.helpGroup(heading))
}

export function natural(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('Expected a whole number, 0 or more.')
  }
  return value
}

export function count(text: string): number {
  const value = natural(text)
  if (value === 0) throw new InvalidArgumentError('Expected a whole number, 1 or more.')
  return value
}

/** A whole number from 1 to `max`. */
export function upTo(max: number): (text: string) => number {
  return text => {
    const value = count(text)
    if (value > max) throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`)
    return value
  }
}

export function between(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() !== '' && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`)
  }
}
