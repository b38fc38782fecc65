/**
 * Runs a program: an array of records (layout.ts), each an operation of independent tasks.
 *
 * One thread:      for each record, for each task: call the kernel of its opcode
 * Several:         every thread walks through the same records. An atomic counter hands out the tasks, so a thread that the
 *                  system suspends delays only the task that it holds. If no task is left, a thread waits until all are
 *                  done. It polls the counter for some microseconds, as the others are about to finish, and then sleeps on it.
 */
import { WORD, RECORD_BYTES } from '../layout.ts'
import * as wasm from 'wasmati'
import { atomic, callIndirect, procedure, discard, doWhile, i32, load, local, range, when } from './code.ts'

const SPINS = 20_000

export function scheduler(table: wasm.Dependency.Table, shared: boolean) {
  return procedure('run', { program: 'i32', end: 'i32', scratch: 'i32' }, ({ program, end, scratch }) => {
    range(program, end, RECORD_BYTES, op => {
      const opcode = local.i32(load.i32(op, 4 * WORD.opcode))
      const tasks = local.i32(load.i32(op, 4 * WORD.tasks))
      if (!shared) {
        range(0, tasks, 1, task => callIndirect(table, opcode, [op, task, scratch]))
        return
      }
      const task = local.i32()
      const mine = local.i32(0)
      doWhile(
        () => {
          task.set(atomic.add(op, 1, 4 * WORD.next))
          when(i32.lt(task, tasks), () => {
            callIndirect(table, opcode, [op, task, scratch])
            mine.set(i32.add(mine, 1))
          })
        },
        () => i32.lt(task, tasks),
      )
      const done = 4 * WORD.done
      when(mine, () => {
        const total = i32.add(atomic.add(op, mine, done), mine)
        when(i32.eq(total, tasks), () => discard(atomic.notifyAll(op, done)))
      })
      const spins = local.i32(SPINS)
      doWhile(
        () => spins.set(i32.sub(spins, 1)),
        () => i32.and(i32.ne(atomic.load(op, done), tasks), i32.ne(spins, 0)),
      )
      const seen = local.i32()
      doWhile(
        () => {
          seen.set(atomic.load(op, done))
          when(i32.ne(seen, tasks), () => discard(atomic.wait(op, seen, done)))
        },
        () => i32.ne(seen, tasks),
      )
    })
  })
}
