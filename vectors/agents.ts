import type { AgentDefinition } from '../packages/core/src/index.ts'
import { sha256Hex } from '../packages/kit/src/index.ts'
import { writeManifest } from '../packages/protocol/src/index.ts'
import { utf8 } from './format.ts'

const agents: readonly { readonly definition: AgentDefinition; readonly files: Readonly<Record<string, string>> }[] = [
  { definition: { name: 'bare', version: 1 }, files: {} },
  {
    definition: {
      name: 'docs-writer',
      version: 3,
      description: 'Schreibt, was der Code tut: „wörtlich“.',
      runtime: 'claude-code',
      model: 'm-1',
      effort: 'low',
      input: { type: 'object', properties: { page: { type: 'string' } }, required: ['page'] },
      outputs: [{ path: 'out/report.json', schema: { type: 'object' } }],
      policy: { limits: { memory: '1GiB', pids: 64 }, tools: { deny: ['curl *'] } },
    },
    files: {
      'skills/style/SKILL.md': '---\nname: style\n---\nShort sentences.\n',
      'AGENTS.md': 'Write the page that you are asked for.\n',
      '.mcp.json': '{"mcpServers":{"docs":{"command":"docs-mcp"}}}\n',
      'skills/style/words.txt': 'Größe\n',
    },
  },
]

/** Agents and their digests. */
export function agentVectors(): readonly (readonly [string, Uint8Array])[] {
  const made = agents.map(({ definition, files }) => {
    const about = Object.entries(files).map(([path, text]) => {
      const bytes = utf8(text)
      return { path, sha256: sha256Hex(bytes), size: bytes.byteLength }
    })
    const { bytes, digest } = writeManifest(definition, about)
    return { definition, files, manifest: new TextDecoder().decode(bytes), digest }
  })
  return [['agents.json', utf8(`${JSON.stringify(made, undefined, 1)}\n`)]]
}
