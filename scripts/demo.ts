/** `npm run demo`: the main job on a real repository, its evidence, and two attempts to tamper with it. */
import { dirname } from 'node:path'
import { demo } from '../examples/demo/src/demo.ts'

process.exitCode = await demo(dirname(import.meta.dirname)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
