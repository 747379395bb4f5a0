/**
 * `npm run demo`: the main job on a real repository, its evidence, two attempts to tamper with it, and an agent that tries to
 * get out of its sandbox. `npm run demo -- --agent claude-code` has the last done by the real program.
 */
import { dirname } from 'node:path'
import { main } from '../examples/demo/src/main.ts'

process.exitCode = await main(dirname(import.meta.dirname), process.argv.slice(2))
