import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Bytes of buffers that are in use, after a garbage collection. */
export function liveBufferBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    const gc: unknown = runInNewContext('gc')
    if (typeof gc !== 'function') throw new Error('This runtime has no garbage collector to call.')
    collect = () => void Reflect.apply(gc, undefined, [])
  }
  // Buffers are given back beside the program: the second collection waits for what the first one freed.
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}
