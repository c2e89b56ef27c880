/** Saves a text as a file. */
export function DownloadButton({ text, name, kind }: { text: string; name: string; kind: string }) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([text], { type: kind }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
  };
  return (
    <button type="button" className="button quiet small" aria-label={`Download ${name}`} onClick={save}>
      Download
    </button>
  );
}
