/** Examples that a test cannot run, each with the reason; all others are run. */
export const notRun: readonly { readonly command: RegExp; readonly reason: string }[] = [
  {
    command: /\bnpm |node --test/,
    reason: 'npm test runs this very test; npm start and the others take a terminal or an hour',
  },
  { command: /\b(?:systemctl|systemd-sysusers|systemd-analyze)\b/, reason: 'changes the machine: systemd is its init' },
  { command: /\bapt-get\b/, reason: 'changes the machine: it installs packages' },
  { command: /^(?:git|gh) /, reason: 'needs the repository and its remote' },
  { command: /^age -d/, reason: 'age reads the passphrase from a terminal only' },
]
