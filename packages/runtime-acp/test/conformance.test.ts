import { EXITED as good, PROMPTED as task, jsonLines as lines } from '@seamark/testing'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { runtimeSuite } from '@seamark/conformance/runtime'
import type { RuntimeSubject } from '@seamark/conformance/runtime'
import { describe, it } from 'vitest'
import { acp } from '../src/index.ts'
import { agent } from './said.ts'

const run = (command: string) => ({ kind: 'execute', title: command, rawInput: { command } })

const stdout = lines(
  'starting …',
  agent.hello('1.2.3', 1, { loadSession: true }),
  agent.session(),
  agent.says('I look 漢字 🧭\nand then'),
  agent.says(' I act\n'),
  agent.uses('t1', { ...run('git status'), status: 'pending' }),
  agent.asks(7, { toolCallId: 't1' }),
  agent.used('t1', { status: 'completed' }),
  agent.asks('x', { toolCallId: 't2', ...run('git push origin') }),
  { jsonrpc: '2.0', id: 9, method: 'fs/read_text_file', params: { path: '/etc/passwd' } },
  agent.says('done'),
  agent.end(2, 'end_turn', { usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 } }),
)

const subject = async (): Promise<RuntimeSubject> => ({
  seam: acp({ argv: ['fake', '--acp'], keeps: ['.fake/talks'] }),
  script: { task, stdout, exit: { ...good, outputBytes: stdout.byteLength } },
  dispose: async () => undefined,
})

registerSuite(runtimeSuite, subject, { describe, it })
registerSaboteurs(runtimeSuite, subject, { describe, it })
registerSuite(underTraits(runtimeSuite, subject), subject, { describe, it })
