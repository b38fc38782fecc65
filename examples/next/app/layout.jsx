export const metadata = { title: 'Names in a text', icons: { icon: 'data:,' } }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body style={{ font: '1.1rem/1.6 system-ui', maxWidth: '42rem', margin: '3rem auto', padding: '0 1rem' }}>
        {children}
      </body>
    </html>
  )
}
