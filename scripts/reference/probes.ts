import { PROBES } from '../../packages/probes/src/index.ts'

/** Those of Moby are in its own repository. */
const linkOf = (id: string): string =>
  id.startsWith('CVE-')
    ? `[${id}](https://www.cve.org/CVERecord?id=${id})`
    : `[${id}](https://github.com/moby/moby/security/advisories/${id})`

/** `docs/reference/probes.md`: what `seamark doctor --probe` tries. */
export function probesPage(): string {
  const rows = PROBES.map(
    ({ id, about, advisories }) => `| \`${id}\` | ${about} | ${advisories.map(linkOf).join(', ')} |`,
  )
  return `# Probes

What \`seamark doctor --probe EXECUTOR\` tries, and must not work. Where public advisories tell of holes of the same kind in other
sandboxes, containers, kernels and agents, they are named: a probe tries what they were about, not the defect itself.
[How to read what comes of it](../how-to/limits-and-probes.md#probes).

| probe | what must not work | as in |
|---|---|---|
${rows.join('\n')}
`
}
