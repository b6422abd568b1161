using System.Runtime.InteropServices;
using Silk.NET.Core.Native;
using Silk.NET.Vulkan;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VisionCell.Viewer.Tests;

/// <summary>One texture that a shader samples.</summary>
/// <param name="Format">Of a texel.</param>
/// <param name="TexelBytes">Bytes of a texel.</param>
/// <param name="Width">Texels along x.</param>
/// <param name="Height">Texels along y.</param>
/// <param name="Depth">Texels along z; 0 for a 2D texture.</param>
/// <param name="Data">Texels, x fastest.</param>
internal sealed record Texture(Format Format, int TexelBytes, int Width, int Height, int Depth, byte[] Data);

/// <summary>
/// Runs one compute shader on Vulkan (Mesa's lavapipe where no other device is): binding 0 a uniform buffer, then textures, a linear clamped
/// sampler and storage buffers that are read back.
/// </summary>
internal sealed unsafe class VulkanCompute : IDisposable
{
    private readonly Vk _vk = Vk.GetApi();
    private readonly List<Action> _release = [];
    private readonly PhysicalDevice _physical;
    private readonly Device _device;
    private readonly Queue _queue;
    private readonly CommandPool _pool;

    public VulkanCompute()
    {
        var application = new ApplicationInfo { SType = StructureType.ApplicationInfo, ApiVersion = Vk.Version11 };
        var information = new InstanceCreateInfo { SType = StructureType.InstanceCreateInfo, PApplicationInfo = &application };
        Check(_vk.CreateInstance(in information, null, out var instance));
        _release.Add(() => _vk.DestroyInstance(instance, null));
        var devices = _vk.GetPhysicalDevices(instance);
        Assert.True(devices.Count > 0, "no Vulkan device: install mesa-vulkan-drivers, as environment/setup.sh --test does");
        _physical = devices.First();
        _vk.GetPhysicalDeviceProperties(_physical, out var properties);
        Name = SilkMarshal.PtrToString((nint)properties.DeviceName)!;
        var priority = 1f;
        // lavapipe has one family of queues, for everything.
        var queue = new DeviceQueueCreateInfo { SType = StructureType.DeviceQueueCreateInfo, QueueFamilyIndex = 0, QueueCount = 1, PQueuePriorities = &priority };
        var create = new DeviceCreateInfo { SType = StructureType.DeviceCreateInfo, QueueCreateInfoCount = 1, PQueueCreateInfos = &queue };
        Check(_vk.CreateDevice(_physical, in create, null, out _device));
        _release.Add(() => _vk.DestroyDevice(_device, null));
        _vk.GetDeviceQueue(_device, 0, 0, out _queue);
        var pool = new CommandPoolCreateInfo { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = 0 };
        Check(_vk.CreateCommandPool(_device, in pool, null, out _pool));
        _release.Add(() => _vk.DestroyCommandPool(_device, _pool, null));
    }

    /// <summary>What the device calls itself.</summary>
    public string Name { get; }

    /// <summary>Runs a shader.</summary>
    /// <param name="spirv">Its code.</param>
    /// <param name="uniforms">Binding 0.</param>
    /// <param name="textures">Bindings 1 and on; the sampler follows.</param>
    /// <param name="results">Bytes of each storage buffer, whose bindings follow the sampler.</param>
    /// <param name="groups">Work groups along x and y.</param>
    /// <returns>The storage buffers.</returns>
    public byte[][] Run(byte[] spirv, byte[] uniforms, IReadOnlyList<Texture> textures, IReadOnlyList<int> results, (int X, int Y) groups)
    {
        var mark = _release.Count;
        try
        {
            return RunInside(spirv, uniforms, textures, results, groups);
        }
        finally
        {
            Release(mark);
        }
    }

    public void Dispose() => Release(0);

    private byte[][] RunInside(byte[] spirv, byte[] uniforms, IReadOnlyList<Texture> textures, IReadOnlyList<int> results, (int X, int Y) groups)
    {
        // 1. What the bindings are.
        var sampler = textures.Count + 1;
        var kinds = new List<DescriptorType> { DescriptorType.UniformBuffer };
        kinds.AddRange(textures.Select(_ => DescriptorType.SampledImage));
        kinds.Add(DescriptorType.Sampler);
        kinds.AddRange(results.Select(_ => DescriptorType.StorageBuffer));
        var bindings = kinds.Select((kind, i) => new DescriptorSetLayoutBinding { Binding = (uint)i, DescriptorType = kind, DescriptorCount = 1, StageFlags = ShaderStageFlags.ComputeBit }).ToArray();
        DescriptorSetLayout made;
        fixed (DescriptorSetLayoutBinding* all = bindings)
        {
            var create = new DescriptorSetLayoutCreateInfo { SType = StructureType.DescriptorSetLayoutCreateInfo, BindingCount = (uint)bindings.Length, PBindings = all };
            Check(_vk.CreateDescriptorSetLayout(_device, in create, null, out made));
        }
        var layout = made;
        _release.Add(() => _vk.DestroyDescriptorSetLayout(_device, made, null));

        // 2. The pipeline.
        ShaderModule module;
        fixed (byte* code = spirv)
        {
            var create = new ShaderModuleCreateInfo { SType = StructureType.ShaderModuleCreateInfo, CodeSize = (nuint)spirv.Length, PCode = (uint*)code };
            Check(_vk.CreateShaderModule(_device, in create, null, out module));
        }
        _release.Add(() => _vk.DestroyShaderModule(_device, module, null));
        var layoutInformation = new PipelineLayoutCreateInfo { SType = StructureType.PipelineLayoutCreateInfo, SetLayoutCount = 1, PSetLayouts = &layout };
        Check(_vk.CreatePipelineLayout(_device, in layoutInformation, null, out var pipelineLayout));
        _release.Add(() => _vk.DestroyPipelineLayout(_device, pipelineLayout, null));
        var entry = (byte*)SilkMarshal.StringToPtr("main");
        _release.Add(() => SilkMarshal.Free((nint)entry));
        var pipelineInformation = new ComputePipelineCreateInfo
        {
            SType = StructureType.ComputePipelineCreateInfo, Layout = pipelineLayout,
            Stage = new PipelineShaderStageCreateInfo { SType = StructureType.PipelineShaderStageCreateInfo, Stage = ShaderStageFlags.ComputeBit, Module = module, PName = entry },
        };
        Check(_vk.CreateComputePipelines(_device, default, 1, in pipelineInformation, null, out var pipeline));
        _release.Add(() => _vk.DestroyPipeline(_device, pipeline, null));

        // 3. The set.
        var sizes = kinds.Distinct().Select(kind => new DescriptorPoolSize { Type = kind, DescriptorCount = (uint)kinds.Count(k => k == kind) }).ToArray();
        DescriptorPool descriptors;
        fixed (DescriptorPoolSize* all = sizes)
        {
            var create = new DescriptorPoolCreateInfo { SType = StructureType.DescriptorPoolCreateInfo, MaxSets = 1, PoolSizeCount = (uint)sizes.Length, PPoolSizes = all };
            Check(_vk.CreateDescriptorPool(_device, in create, null, out descriptors));
        }
        _release.Add(() => _vk.DestroyDescriptorPool(_device, descriptors, null));
        var allocate = new DescriptorSetAllocateInfo { SType = StructureType.DescriptorSetAllocateInfo, DescriptorPool = descriptors, DescriptorSetCount = 1, PSetLayouts = &layout };
        Check(_vk.AllocateDescriptorSets(_device, in allocate, out var set));

        var command = Begin();
        var uniform = Filled(uniforms, BufferUsageFlags.UniformBufferBit);
        Bind(set, 0, DescriptorType.UniformBuffer, uniform.Buffer);
        for (var i = 0; i < textures.Count; i++)
            Bind(set, i + 1, Uploaded(command, textures[i]));
        Bind(set, sampler);
        var outputs = results.Select(bytes => Filled(new byte[bytes], BufferUsageFlags.StorageBufferBit)).ToArray();
        for (var i = 0; i < outputs.Length; i++)
            Bind(set, sampler + 1 + i, DescriptorType.StorageBuffer, outputs[i].Buffer);

        // 4. Once.
        _vk.CmdBindPipeline(command, PipelineBindPoint.Compute, pipeline);
        _vk.CmdBindDescriptorSets(command, PipelineBindPoint.Compute, pipelineLayout, 0, 1, in set, 0, null);
        _vk.CmdDispatch(command, (uint)groups.X, (uint)groups.Y, 1);
        Check(_vk.EndCommandBuffer(command));
        var submit = new SubmitInfo { SType = StructureType.SubmitInfo, CommandBufferCount = 1, PCommandBuffers = &command };
        Check(_vk.QueueSubmit(_queue, 1, in submit, default));
        Check(_vk.QueueWaitIdle(_queue));
        return [.. outputs.Select((o, i) => Read(o.Memory, results[i]))];
    }

    private CommandBuffer Begin()
    {
        var allocate = new CommandBufferAllocateInfo { SType = StructureType.CommandBufferAllocateInfo, CommandPool = _pool, Level = CommandBufferLevel.Primary, CommandBufferCount = 1 };
        Check(_vk.AllocateCommandBuffers(_device, in allocate, out var command));
        var begin = new CommandBufferBeginInfo { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        Check(_vk.BeginCommandBuffer(command, in begin));
        return command;
    }

    private (Buffer Buffer, DeviceMemory Memory) Filled(byte[] data, BufferUsageFlags usage)
    {
        var create = new BufferCreateInfo { SType = StructureType.BufferCreateInfo, Size = (ulong)data.Length, Usage = usage };
        Check(_vk.CreateBuffer(_device, in create, null, out var buffer));
        _release.Add(() => _vk.DestroyBuffer(_device, buffer, null));
        _vk.GetBufferMemoryRequirements(_device, buffer, out var needs);
        var memory = Allocate(needs);
        Check(_vk.BindBufferMemory(_device, buffer, memory, 0));
        void* pointer;
        Check(_vk.MapMemory(_device, memory, 0, (ulong)data.Length, 0, &pointer));
        Marshal.Copy(data, 0, (nint)pointer, data.Length);
        _vk.UnmapMemory(_device, memory);
        return (buffer, memory);
    }

    private byte[] Read(DeviceMemory memory, int bytes)
    {
        void* pointer;
        Check(_vk.MapMemory(_device, memory, 0, (ulong)bytes, 0, &pointer));
        var result = new byte[bytes];
        Marshal.Copy((nint)pointer, result, 0, bytes);
        _vk.UnmapMemory(_device, memory);
        return result;
    }

    private DeviceMemory Allocate(MemoryRequirements needs)
    {
        _vk.GetPhysicalDeviceMemoryProperties(_physical, out var properties);
        const MemoryPropertyFlags Wanted = MemoryPropertyFlags.HostVisibleBit | MemoryPropertyFlags.HostCoherentBit;
        for (var i = 0; i < properties.MemoryTypeCount; i++)
        {
            if ((needs.MemoryTypeBits >> i & 1) == 0 || (properties.MemoryTypes[i].PropertyFlags & Wanted) != Wanted)
                continue;
            var allocate = new MemoryAllocateInfo { SType = StructureType.MemoryAllocateInfo, AllocationSize = needs.Size, MemoryTypeIndex = (uint)i };
            Check(_vk.AllocateMemory(_device, in allocate, null, out var memory));
            _release.Add(() => _vk.FreeMemory(_device, memory, null));
            return memory;
        }
        throw new InvalidOperationException("the device has no memory that the host sees and this needs");
    }

    private ImageView Uploaded(CommandBuffer command, Texture texture)
    {
        var is3D = texture.Depth > 0;
        var extent = new Extent3D((uint)texture.Width, (uint)texture.Height, (uint)Math.Max(1, texture.Depth));
        Assert.Equal(texture.Data.Length, texture.Width * texture.Height * Math.Max(1, texture.Depth) * texture.TexelBytes);
        var create = new ImageCreateInfo
        {
            SType = StructureType.ImageCreateInfo, ImageType = is3D ? ImageType.Type3D : ImageType.Type2D, Format = texture.Format, Extent = extent, MipLevels = 1, ArrayLayers = 1,
            Samples = SampleCountFlags.Count1Bit, Tiling = ImageTiling.Optimal, Usage = ImageUsageFlags.SampledBit | ImageUsageFlags.TransferDstBit,
        };
        Check(_vk.CreateImage(_device, in create, null, out var image));
        _release.Add(() => _vk.DestroyImage(_device, image, null));
        _vk.GetImageMemoryRequirements(_device, image, out var needs);
        Check(_vk.BindImageMemory(_device, image, Allocate(needs), 0));
        var staging = Filled(texture.Data, BufferUsageFlags.TransferSrcBit);
        var range = new ImageSubresourceRange(ImageAspectFlags.ColorBit, 0, 1, 0, 1);
        Transition(command, image, range, ImageLayout.Undefined, ImageLayout.TransferDstOptimal, AccessFlags.None, AccessFlags.TransferWriteBit, PipelineStageFlags.TopOfPipeBit, PipelineStageFlags.TransferBit);
        var copy = new BufferImageCopy { ImageSubresource = new ImageSubresourceLayers(ImageAspectFlags.ColorBit, 0, 0, 1), ImageExtent = extent };
        _vk.CmdCopyBufferToImage(command, staging.Buffer, image, ImageLayout.TransferDstOptimal, 1, in copy);
        Transition(command, image, range, ImageLayout.TransferDstOptimal, ImageLayout.ShaderReadOnlyOptimal, AccessFlags.TransferWriteBit, AccessFlags.ShaderReadBit, PipelineStageFlags.TransferBit, PipelineStageFlags.ComputeShaderBit);
        var viewInformation = new ImageViewCreateInfo { SType = StructureType.ImageViewCreateInfo, Image = image, ViewType = is3D ? ImageViewType.Type3D : ImageViewType.Type2D, Format = texture.Format, SubresourceRange = range };
        Check(_vk.CreateImageView(_device, in viewInformation, null, out var view));
        _release.Add(() => _vk.DestroyImageView(_device, view, null));
        return view;
    }

    private void Transition(CommandBuffer command, Image image, ImageSubresourceRange range, ImageLayout from, ImageLayout to, AccessFlags before, AccessFlags after, PipelineStageFlags first, PipelineStageFlags then)
    {
        var barrier = new ImageMemoryBarrier
        {
            SType = StructureType.ImageMemoryBarrier, Image = image, SubresourceRange = range, OldLayout = from, NewLayout = to, SrcAccessMask = before, DstAccessMask = after,
            SrcQueueFamilyIndex = Vk.QueueFamilyIgnored, DstQueueFamilyIndex = Vk.QueueFamilyIgnored,
        };
        _vk.CmdPipelineBarrier(command, first, then, 0, 0, null, 0, null, 1, in barrier);
    }

    private void Bind(DescriptorSet set, int binding, DescriptorType kind, Buffer buffer)
    {
        var information = new DescriptorBufferInfo(buffer, 0, Vk.WholeSize);
        var write = new WriteDescriptorSet { SType = StructureType.WriteDescriptorSet, DstSet = set, DstBinding = (uint)binding, DescriptorCount = 1, DescriptorType = kind, PBufferInfo = &information };
        _vk.UpdateDescriptorSets(_device, 1, in write, 0, null);
    }

    private void Bind(DescriptorSet set, int binding, ImageView view)
    {
        var information = new DescriptorImageInfo(default, view, ImageLayout.ShaderReadOnlyOptimal);
        var write = new WriteDescriptorSet { SType = StructureType.WriteDescriptorSet, DstSet = set, DstBinding = (uint)binding, DescriptorCount = 1, DescriptorType = DescriptorType.SampledImage, PImageInfo = &information };
        _vk.UpdateDescriptorSets(_device, 1, in write, 0, null);
    }

    private void Bind(DescriptorSet set, int binding)
    {
        var create = new SamplerCreateInfo
        {
            SType = StructureType.SamplerCreateInfo, MagFilter = Filter.Linear, MinFilter = Filter.Linear, MipmapMode = SamplerMipmapMode.Nearest,
            AddressModeU = SamplerAddressMode.ClampToEdge, AddressModeV = SamplerAddressMode.ClampToEdge, AddressModeW = SamplerAddressMode.ClampToEdge,
        };
        Check(_vk.CreateSampler(_device, in create, null, out var sampler));
        _release.Add(() => _vk.DestroySampler(_device, sampler, null));
        var information = new DescriptorImageInfo(sampler, default, ImageLayout.Undefined);
        var write = new WriteDescriptorSet { SType = StructureType.WriteDescriptorSet, DstSet = set, DstBinding = (uint)binding, DescriptorCount = 1, DescriptorType = DescriptorType.Sampler, PImageInfo = &information };
        _vk.UpdateDescriptorSets(_device, 1, in write, 0, null);
    }

    private void Release(int mark)
    {
        for (var i = _release.Count - 1; i >= mark; i--)
            _release[i]();
        _release.RemoveRange(mark, _release.Count - mark);
    }

    private static void Check(Result result) => Assert.Equal(Result.Success, result);
}
