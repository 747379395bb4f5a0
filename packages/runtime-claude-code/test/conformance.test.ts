import { EXITED as good, PROMPTED as task, jsonLines as lines } from '@seamark/testing'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { runtimeSuite } from '@seamark/conformance/runtime'
import type { RuntimeSubject } from '@seamark/conformance/runtime'
import { describe, it } from 'vitest'
import { claudeCode } from '../src/index.ts'
import { claude } from './said.ts'

const stdout = lines(
  'starting …',
  claude.ready(),
  claude.init(),
  claude.says('I look 漢字 🧭\nand then'),
  claude.uses('t1', 'Bash', { command: 'git status' }),
  claude.asks('r1', 't1', 'Bash', { command: 'git status' }),
  claude.used('t1'),
  claude.uses('t2', 'Bash', { command: 'git push origin' }),
  claude.asks('r2', 't2', 'Bash', { command: 'git push origin' }),
  claude.used('t2', { is_error: true }),
  { type: 'control_request', request_id: 'r3', request: { subtype: 'hook_callback' } },
  claude.says('done'),
  claude.result({ model_usage_since_last_result: { m: { inputTokens: 10, outputTokens: 5 } } }),
)

const subject = async (): Promise<RuntimeSubject> => ({
  seam: claudeCode(),
  script: { task, stdout, exit: { ...good, outputBytes: stdout.byteLength } },
  dispose: async () => undefined,
})

registerSuite(runtimeSuite, subject, { describe, it })
registerSaboteurs(runtimeSuite, subject, { describe, it })
registerSuite(underTraits(runtimeSuite, subject), subject, { describe, it })
