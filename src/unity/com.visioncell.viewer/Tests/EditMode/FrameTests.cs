#nullable enable
using NUnit.Framework;
using UnityEngine;
using VisionCell.Viewer;

namespace VisionCell.Viewer.EditModeTests
{
    /// <summary>Unity's own arithmetic against ours.</summary>
    public sealed class FrameTests
    {
        [Test]
        public void UnitysQuaternionTurnsAsOurs()
        {
            var q = Rotation.About(new Double3(1, 2, 3), 0.7);
            var v = new Double3(0.3, -0.4, 0.8);
            var expected = q.Apply(v);
            var r = UnityFrame.ToUnity(q);
            var turned = new Quaternion((float)r.X, (float)r.Y, (float)r.Z, (float)r.W) * new Vector3((float)v.X, (float)-v.Y, (float)v.Z);
            Assert.That((turned - new Vector3((float)expected.X, (float)-expected.Y, (float)expected.Z)).magnitude, Is.LessThan(1e-5f));
        }

        [Test]
        public void ShadersAreThereAndCompile()
        {
            foreach (var name in new[] { "VisionCell/Volume", "VisionCell/Section", "VisionCell/Surface" })
            {
                var shader = Shader.Find(name);
                Assert.That(shader != null && shader.isSupported, name);
            }
        }
    }
}
