import * as Ariakit from "@ariakit/react";
import { useSearchParams } from "react-router";
import { Empty } from "../kit/Empty";
import { useTitle } from "../kit/useTitle";
import { useMay, useSession } from "../session/SessionContext";
import { useNamespace } from "../shell/useNamespace";
import { AuditLog } from "./AuditLog";
import { KeysTab } from "./KeysTab";
import { ALL } from "./scope";
import { SettingsTab } from "./SettingsTab";

const TABS = ["keys", "audit", "settings"] as const;

export function AdminPage() {
  useTitle("Admin");
  const namespace = useNamespace();
  const mayAdminister = useMay("administer");
  const everywhere = useSession().me.namespace === ALL;
  const [search, setSearch] = useSearchParams();
  const tab = TABS.find((one) => one === search.get("tab")) ?? "keys";
  if (!mayAdminister) return <Empty title="This page is for admins">Your key has another role.</Empty>;
  return (
    <>
      <div className="row head">
        <h1>Admin</h1>
      </div>
      <Ariakit.TabProvider
        selectedId={tab}
        setSelectedId={(id) => setSearch({ tab: id ?? "keys" }, { replace: true })}
      >
        <Ariakit.TabList className="tabs" aria-label="Admin">
          <Ariakit.Tab id="keys">API keys</Ariakit.Tab>
          <Ariakit.Tab id="audit">Audit log</Ariakit.Tab>
          {everywhere && <Ariakit.Tab id="settings">Settings</Ariakit.Tab>}
        </Ariakit.TabList>
        <Ariakit.TabPanel tabId="keys" unmountOnHide>
          <KeysTab namespace={namespace} everywhere={everywhere} />
        </Ariakit.TabPanel>
        <Ariakit.TabPanel tabId="audit" unmountOnHide>
          <AuditLog namespace={namespace} everywhere={everywhere} />
        </Ariakit.TabPanel>
        {everywhere && (
          <Ariakit.TabPanel tabId="settings" unmountOnHide>
            <SettingsTab />
          </Ariakit.TabPanel>
        )}
      </Ariakit.TabProvider>
    </>
  );
}
