import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { heapWeight } from '../src/weight.ts'

const chunkBytes = 64 * 1024

/** Makes 400 MB of chunks, one after the other, as a socket does. Gives the most that were there at a time, in MB. */
async function mostMegabytes(beside: (bytes: number) => void): Promise<number> {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let made = 0; made < 400e6; made += chunkBytes) {
    beside(Buffer.allocUnsafeSlow(chunkBytes).byteLength)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    // Chunks come in turns of the event loop.
    await setImmediate()
  }
  return most / 1e6
}

it('has chunks collected long before the 64 MB that V8 lets gather outside its heap', async () => {
  expect(await mostMegabytes(heapWeight())).toBeLessThan(40)
})
