"""Providers for Terraform that have only schemas.

Terraform's `validate`, and its `test` with mocked providers, request a provider's schemas and its validation. This serves
the schemas from the contracts beside it (`azurerm.json`, `azapi.json`, as `terraform providers schema -json` writes them)
and accepts everything, so that both commands run where no provider can be installed. It plans and applies nothing, and
contacts no other service.

    python stub.py azurerm.json azapi.json

writes one line, the value of TF_REATTACH_PROVIDERS, and serves until its input ends.
"""

import json
import os
import sys
from concurrent import futures

import grpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

BLOCK_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
ATTRIBUTE_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
FLAGS = ("required", "optional", "computed", "sensitive", "deprecated")
# A schema with every resource of azurerm would be larger than gRPC's default of 4 MiB.
LARGEST_MESSAGE = 256 << 20


def attribute(name, document):
    message = pb.Schema.Attribute(name=name, **{flag: document.get(flag, False) for flag in FLAGS})
    nested = document.get("nested_type")
    if nested is None:
        message.type = json.dumps(document["type"]).encode()
        return message
    message.nested_type.nesting = ATTRIBUTE_NESTING[nested["nesting_mode"]]
    message.nested_type.attributes.extend(attribute(*item) for item in nested["attributes"].items())
    return message


def block(document):
    nested = document.get("block_types", {})
    return pb.Schema.Block(
        attributes=[attribute(*item) for item in document.get("attributes", {}).items()],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=block(inner["block"]),
                nesting=BLOCK_NESTING[inner["nesting_mode"]],
                min_items=inner.get("min_items", 0),
                max_items=inner.get("max_items", 0),
            )
            for name, inner in nested.items()
        ],
    )


def schema(document):
    return pb.Schema(version=document.get("version", 0), block=block(document["block"]))


class Provider(rpc.ProviderServicer):
    """Other calls return UNIMPLEMENTED, which Terraform tolerates or reports."""

    def __init__(self, contract):
        self.schemas = pb.GetProviderSchema.Response(
            provider=schema(contract["provider"]),
            provider_meta=pb.Schema(block=pb.Schema.Block()),
        )
        for name, document in contract["resource_schemas"].items():
            self.schemas.resource_schemas[name].CopyFrom(schema(document))
        for name, document in contract.get("data_source_schemas", {}).items():
            self.schemas.data_source_schemas[name].CopyFrom(schema(document))

    def GetProviderSchema(self, request, context):
        return self.schemas

    def ValidateProviderConfig(self, request, context):
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request, context):
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request, context):
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request, context):
        return pb.ConfigureProvider.Response()

    def StopProvider(self, request, context):
        return pb.StopProvider.Response()


def serve(contract):
    """Starts a server on a free port of this machine, and returns it with its address."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_send_message_length", LARGEST_MESSAGE)],
    )
    rpc.add_ProviderServicer_to_server(Provider(contract), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        # Terraform does not stop it, so that several commands share it.
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }


def main(files):
    servers, addresses = [], {}
    for file in files:
        with open(file, encoding="utf-8") as contract:
            for name, schemas in json.load(contract)["provider_schemas"].items():
                server, addresses[name] = serve(schemas)
                servers.append(server)
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop(grace=None)


if __name__ == "__main__":
    main(sys.argv[1:])
