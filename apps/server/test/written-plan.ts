import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ended } from './seamark.ts'

/**
 * Runs the plan that `seamark init` wrote in `dir`, beside a configuration of what holds on this machine alone: who serves packages is
 * on loopback, and has a certificate of its own. A run resolves with all that its item `test` said, set-up included.
 */
export function planRunner(dir: string, ca: string, seamark: (dir: string, ...argv: string[]) => Promise<Ended>) {
  writeFileSync(
    join(dir, 'here.config.mjs'),
    `import { readFileSync } from 'node:fs'
import written from './seamark.config.mjs'
const extraCas = [readFileSync(${JSON.stringify(ca)}, 'utf8')]
export default { ...written, egress: { ...written.egress, privateRanges: ['127.0.0.0/8'], extraCas } }
`,
  )
  const config = ['--config', 'here.config.mjs']
  return async (id: string) => {
    const { code } = await seamark(dir, 'run', 'seamark.yaml', '--id', id, ...config)
    const { items } = JSON.parse((await seamark(dir, 'status', id, '--json', ...config)).out)
    const logs = [['--setup'], ['--setup', '--stderr'], [], ['--stderr']].map((more) =>
      seamark(dir, 'logs', id, 'test', ...more, ...config),
    )
    const said = (await Promise.all(logs)).map((log) => log.out + log.err).join('')
    return { code, said, status: items.map(({ status }: { status: string }) => status) }
  }
}
