/* The table of bigtable.ts for snmpd, as a module that it loads: Net-SNMP's tdata helper over a sorted container. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdio.h>

struct entry { long index; char name[32], description[32]; struct counter64 wide; oid type[11]; };

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                  netsnmp_agent_request_info *info, netsnmp_request_info *requests) {
  (void)handler; (void)registration;
  if (info->mode != MODE_GET) return SNMP_ERR_NOERROR;
  for (netsnmp_request_info *request = requests; request; request = request->next) {
    struct entry *entry = netsnmp_tdata_extract_entry(request);
    netsnmp_table_request_info *table = netsnmp_extract_table_info(request);
    netsnmp_variable_list *v = request->requestvb;
    if (!entry) { netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE); continue; }
    switch (table->colnum) {
    case 1: snmp_set_var_typed_integer(v, ASN_INTEGER, entry->index); break;
    case 2: snmp_set_var_typed_integer(v, ASN_INTEGER, entry->index * 1000); break;
    case 3: snmp_set_var_typed_integer(v, ASN_GAUGE, entry->index * 7919); break;
    case 4: snmp_set_var_typed_integer(v, ASN_COUNTER, entry->index * 104729); break;
    case 5: snmp_set_var_typed_integer(v, ASN_TIMETICKS, entry->index * 100); break;
    case 6: snmp_set_var_typed_value(v, ASN_COUNTER64, &entry->wide, sizeof entry->wide); break;
    case 7: snmp_set_var_typed_value(v, ASN_OCTET_STR, entry->name, strlen(entry->name)); break;
    case 8: snmp_set_var_typed_value(v, ASN_OCTET_STR, entry->description, strlen(entry->description)); break;
    case 9: snmp_set_var_typed_value(v, ASN_OBJECT_ID, entry->type, sizeof entry->type); break;
    case 10: snmp_set_var_typed_integer(v, ASN_INTEGER, entry->index % 2 ? 2 : 1); break;
    }
  }
  return SNMP_ERR_NOERROR;
}

void init_bigtable(void) {
  static const oid root[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1}, type[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 2, 0};
  netsnmp_tdata *table = netsnmp_tdata_create_table("bigTable", 0);
  netsnmp_table_registration_info *info = SNMP_MALLOC_TYPEDEF(netsnmp_table_registration_info);
  netsnmp_table_helper_add_indexes(info, ASN_INTEGER, 0);
  info->min_column = 1;
  info->max_column = 10;
  for (long index = 1; index <= 1000; index++) {
    struct entry *entry = SNMP_MALLOC_TYPEDEF(struct entry);
    unsigned long long wide = index * 1000000007ULL;
    entry->index = index;
    snprintf(entry->name, sizeof entry->name, "interface%ld", index);
    snprintf(entry->description, sizeof entry->description, "cell of row %ld", index);
    entry->wide.high = wide >> 32;
    entry->wide.low = wide & 0xffffffff;
    memcpy(entry->type, type, sizeof type);
    entry->type[10] = index;
    netsnmp_tdata_row *row = netsnmp_tdata_create_row();
    row->data = entry;
    netsnmp_tdata_row_add_index(row, ASN_INTEGER, &entry->index, sizeof entry->index);
    netsnmp_tdata_add_row(table, row);
  }
  netsnmp_tdata_register(netsnmp_create_handler_registration("bigTable", handle, root, OID_LENGTH(root), HANDLER_CAN_RONLY), table, info);
}
