import { ERRORS } from '../../packages/kit/src/index.ts'

const consequences = {
  terminal: 'do not try again unchanged',
  retry: 'try again later, with back-off',
  stop: 'the service stops; look before it is started again',
}

/** `docs/reference/errors.md`: the one table of error codes. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { http, exit, consequence, title }]) => `| \`${code}\` | ${http} | ${exit} | ${consequence} | ${title} |`,
  )
  return `# Error codes

The same code is thrown (\`SeamError.code\`), answered over HTTP (\`code\` of the RFC 9457 problem document) and decides
the exit code of \`seamark\`.

| code | HTTP | exit | consequence | meaning |
|---|---|---|---|---|
${rows.join('\n')}

The consequence follows from the code:

${Object.entries(consequences)
  .map(([name, text]) => `- \`${name}\`: ${text}`)
  .join('\n')}
`
}
