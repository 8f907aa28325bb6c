#include "tests/integration/cli/hostile_admin.h"

#include <google/protobuf/dynamic_message.h>

namespace ondol::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kDeepest = 6;

void fill(Message& message, int depth);

// Numbers that make sense as times, counts and prefix lengths alike.
void fill_field(Message& message, const FieldDescriptor* field, int depth) {
  const auto* reflection = message.GetReflection();
  const bool many = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      many ? reflection->AddString(&message, field, kHostileText)
           : reflection->SetString(&message, field, kHostileText);
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth > 0)
        fill(many ? *reflection->AddMessage(&message, field) : *reflection->MutableMessage(&message, field),
             depth - 1);
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      many ? reflection->AddEnumValue(&message, field, 1) : reflection->SetEnumValue(&message, field, 1);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!many) reflection->SetBool(&message, field, true);
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      many ? reflection->AddUInt32(&message, field, 7) : reflection->SetUInt32(&message, field, 7);
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      many ? reflection->AddUInt64(&message, field, 7) : reflection->SetUInt64(&message, field, 7);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      if (!many) reflection->SetInt64(&message, field, 1'795'168'800'000'000'000);
      return;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return;
  }
}

// Where a list goes on: here it ends.
bool ends_a_page(const FieldDescriptor* field) { return field->name().starts_with("next_"); }

void fill(Message& message, int depth) {
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (!ends_a_page(type->field(i))) fill_field(message, type->field(i), depth);
  }
}

grpc::ByteBuffer answer_of(const std::string& method) {
  const auto* service = v1::ListHostsReply::descriptor()->file()->FindServiceByName("Admin");
  const auto* declared = service->FindMethodByName(method.substr(method.rfind('/') + 1));
  std::unique_ptr<Message> reply(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(declared->output_type())->New());
  fill(*reply, kDeepest);
  const grpc::Slice slice(reply->SerializeAsString());
  return {&slice, 1};
}

// One call: read the question, write the answer, end. Deletes itself.
class Call {
 public:
  Call(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue), stream_(&context_) {
    service_.RequestCall(&context_, &stream_, &queue_, &queue_, this);
  }
  void go_on(bool ok) {
    const int step = step_++;
    if (step == 0 && ok) new Call(service_, queue_);
    if (step > 2 || (step == 0 && !ok)) return delete this;
    if (step == 0) return stream_.Read(&question_, this);
    if (step == 1) return stream_.Write(answer_of(context_.method()), this);
    stream_.Finish(grpc::Status::OK, this);
  }

 private:
  grpc::AsyncGenericService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer question_;
  int step_ = 0;
};

}  // namespace

HostileAdmin::HostileAdmin(const std::string& socket) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  builder.RegisterAsyncGenericService(&service_);
  queue_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  thread_ = std::make_unique<std::thread>([this] { serve(); });
}

HostileAdmin::~HostileAdmin() {
  server_->Shutdown();
  queue_->Shutdown();
  thread_->join();
}

void HostileAdmin::serve() {
  new Call(service_, *queue_);
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Call*>(tag)->go_on(ok);
}

}  // namespace ondol::cli
