import { parseArgs } from 'node:util'
import { toSeamError } from '@seamark/kit'
import { programNamed } from './agent/program.ts'
import { demo } from './demo.ts'

/** The demo by its command line; resolves with an exit code, 2 where the line makes no sense or asks for what is not there. */
export async function main(root: string, argv: readonly string[]): Promise<number> {
  try {
    const { agent } = parseArgs({ args: [...argv], options: { agent: { type: 'string' } } }).values
    return await demo(root, agent === undefined ? {} : { agent: programNamed(agent, process.env) })
  } catch (error) {
    const usage = error instanceof TypeError
    const { code, message, problems } = toSeamError(error)
    console.error([message, ...problems.flatMap(({ remedy }) => remedy ?? [])].join('\n'))
    return usage || code === 'INVALID_INPUT' || code === 'NOT_FOUND' ? 2 : 1
  }
}
